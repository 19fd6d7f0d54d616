//! Files by which a tool ignores something and which the ledger never writes, by their names in any folder; reads none.

use crate::waivers::deny_toml;
use crate::waivers::ignore_files::LISTS;
use crate::waivers::violation::{LIST, Violation};

/// The settings that other tools of this repository read, each in its one place.
const OURS: &[&str] = &[deny_toml::PATH, "clippy.toml", "rustfmt.toml"];

/// A tool that runs below a folder takes such a file from there, so that its depth does not matter.
const FOREIGN: &[(&str, &[&str])] = &[
    (
        "trivy",
        &[
            ".trivyignore",
            ".trivyignore.yml",
            ".trivyignore.yaml",
            "trivy.yml",
            "trivy.yaml",
            "trivy-secret.yml",
            "trivy-secret.yaml",
        ],
    ),
    (
        "hadolint",
        &[".hadolint.yml", ".hadolint.yaml", "hadolint.yml", "hadolint.yaml"],
    ),
    ("checkov", &[".checkov.yml", ".checkov.yaml", ".checkov.baseline"]),
    (
        "zizmor",
        &["zizmor.yml", "zizmor.yaml", ".zizmor.yml", ".zizmor.yaml"],
    ),
    ("gitleaks", &[".gitleaks.toml", ".gitleaksignore"]),
    ("cargo-audit", &["audit.toml"]),
    (
        "cargo-deny",
        &[
            "deny.toml",
            ".deny.toml",
            "deny.exceptions.toml",
            ".deny.exceptions.toml",
        ],
    ),
    ("tflint", &[".tflint.hcl", ".tflint.json"]),
    ("shellcheck", &[".shellcheckrc", "shellcheckrc"]),
    ("actionlint", &["actionlint.yml", "actionlint.yaml"]),
    ("clippy", &["clippy.toml", ".clippy.toml"]),
    ("rustfmt", &["rustfmt.toml", ".rustfmt.toml"]),
];

/// Those among the files.
pub fn of<'a>(files: impl Iterator<Item = &'a str>) -> Vec<Violation> {
    let ours = |path: &str| OURS.contains(&path) || LISTS.iter().any(|list| list.path == path);
    let violation = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (tool, _) = FOREIGN.iter().find(|(_, names)| names.contains(&name))?;
        let what = format!(
            "{tool} reads this file, which no ledger wrote: delete it; what is accepted belongs in security/waivers.toml"
        );
        Some(Violation {
            rule: LIST,
            what,
            path: path.to_owned(),
            line: Some(1),
        })
    };
    files.filter(|path| !ours(path)).filter_map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tools_own_file_is_found_by_its_name_at_any_depth() {
        for path in [
            ".trivyignore",
            ".gitleaks.toml",
            ".tflint.hcl",
            "trivy.yaml",
            "trivy-secret.yaml",
            ".shellcheckrc",
            ".github/actionlint.yaml",
            ".github/zizmor.yml",
            "deploy/.hadolint.yaml",
            "deploy/.checkov.yaml",
            "a/b/.trivyignore",
            "deploy/deny.toml",
            "deny.exceptions.toml",
            ".cargo/deny.exceptions.toml",
            "app/clippy.toml",
            "app/.rustfmt.toml",
        ] {
            let found = of([path].into_iter());
            assert!(
                found.len() == 1 && found[0].path == path && found[0].what.contains("delete it"),
                "{path}: {found:?}"
            );
        }
    }

    #[test]
    fn what_the_ledger_writes_and_the_settings_of_the_repository_are_no_strangers() {
        let lists = LISTS.iter().map(|list| list.path);
        let others = ["docs/trivy.md", "src/trivy.rs", "one/Cargo.toml"];
        let found = of(lists.chain(OURS.iter().copied()).chain(others));
        assert_eq!(found, []);
    }
}

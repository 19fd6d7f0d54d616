//! Detects, by name, files that make a tool ignore something and that are not generated from the ledger.

use crate::waivers::deny_toml;
use crate::waivers::ignore_files::LISTS;
use crate::waivers::violation::{LIST, Violation};

/// The repository's own settings of tools, each allowed in this one place.
const ALLOWED: &[&str] = &[deny_toml::PATH, "clippy.toml", "rustfmt.toml"];

/// Names of files by tool. The folder does not matter: a tool that runs in a subfolder reads the file there.
const FILES_BY_TOOL: &[(&str, &[&str])] = &[
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
    ("squawk", &[".squawk.toml"]),
    ("shellcheck", &[".shellcheckrc", "shellcheckrc"]),
    ("actionlint", &["actionlint.yml", "actionlint.yaml"]),
    ("clippy", &["clippy.toml", ".clippy.toml"]),
    ("rustfmt", &["rustfmt.toml", ".rustfmt.toml"]),
];

/// Violations among the files.
pub fn violations<'a>(files: impl Iterator<Item = &'a str>) -> Vec<Violation> {
    let allowed = |path: &str| ALLOWED.contains(&path) || LISTS.iter().any(|list| list.path == path);
    let violation = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (tool, _) = FILES_BY_TOOL.iter().find(|(_, names)| names.contains(&name))?;
        let what = format!(
            "{tool} reads this file, which is not generated: delete it and put exceptions into security/waivers.toml"
        );
        Some(Violation::new(LIST, path, Some(1), what))
    };
    files
        .filter(|path| !allowed(path))
        .filter_map(violation)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tools_own_file_is_detected_by_its_name_in_any_folder() {
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
            let found = violations([path].into_iter());
            assert!(
                found.len() == 1 && found[0].path == path && found[0].what.contains("delete it"),
                "{path}: {found:?}"
            );
        }
    }

    #[test]
    fn generated_lists_and_the_repositorys_own_settings_are_allowed() {
        let lists = LISTS.iter().map(|list| list.path);
        let others = ["docs/trivy.md", "src/trivy.rs", "one/Cargo.toml"];
        let found = violations(lists.chain(ALLOWED.iter().copied()).chain(others));
        assert_eq!(found, []);
    }
}

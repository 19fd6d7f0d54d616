//! Kinds of configuration files, by path alone.

/// By any of the usual names, in any case, such as `Dockerfile-prod` and `web.dockerfile`; not documents about Dockerfiles.
pub fn is_dockerfile(path: &str) -> bool {
    let name = name(path).to_lowercase();
    let other_kinds = [".md", ".rs", ".dockerignore"];
    let named = |kind: &str| name.starts_with(kind) || name.ends_with(&format!(".{kind}"));
    (named("dockerfile") || named("containerfile"))
        && !other_kinds.iter().any(|extension| name.ends_with(extension))
}

const SUFFIX_IN_COPY: &str = ".Dockerfile";

/// The name in a copy by which every tool recognises a Dockerfile: they disagree on `Containerfile`, `Dockerfile-prod` and
/// upper case.
pub fn name_in_copy(path: &str) -> String {
    let suffix = if is_dockerfile(path) { SUFFIX_IN_COPY } else { "" };
    format!("{path}{suffix}")
}

/// The reverse of [`name_in_copy`].
pub fn path_of_copy(name: &str) -> String {
    name.strip_suffix(SUFFIX_IN_COPY).unwrap_or(name).to_owned()
}

/// Including tests and variable values.
pub fn is_terraform(path: &str) -> bool {
    let extensions = [".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl"];
    extensions.iter().any(|extension| path.ends_with(extension))
}

/// A file of a Terraform module.
pub fn is_module_file(path: &str) -> bool {
    has_extension(path, "tf")
}

pub fn is_module_test(path: &str) -> bool {
    path.ends_with(".tftest.hcl")
}

/// Of GitHub Actions.
pub fn is_workflow(path: &str) -> bool {
    let below = path.strip_prefix(".github/workflows/");
    below.is_some_and(|below| !below.contains('/') && is_yaml(below))
}

/// Of GitHub Actions.
pub fn is_action(path: &str) -> bool {
    matches!(name(path), "action.yml" | "action.yaml")
}

/// Workflows, actions, Dependabot's settings, pre-commit hooks.
pub fn is_automation(path: &str) -> bool {
    let named = |stem: &str| is_yaml(path) && name(path).rsplit_once('.').is_some_and(|(own, _)| own == stem);
    is_workflow(path)
        || is_action(path)
        || (named("dependabot") && folder(path) == ".github")
        || named(".pre-commit-config")
        || named(".pre-commit-hooks")
}

/// Rules of Prometheus.
pub fn is_alert_rules(path: &str) -> bool {
    is_yaml(path)
        && path
            .rsplit_once('.')
            .is_some_and(|(stem, _)| stem.ends_with(".rules"))
}

/// Unit tests of such rules.
pub fn is_alert_rules_test(path: &str) -> bool {
    is_yaml(path)
        && path
            .rsplit_once('.')
            .is_some_and(|(stem, _)| stem.ends_with(".rules.test"))
}

/// A kustomization below a folder `overlays`.
pub fn is_overlay(path: &str) -> bool {
    name(path) == "kustomization.yaml" && folder(path).split('/').any(|part| part == "overlays")
}

pub fn is_yaml(path: &str) -> bool {
    has_extension(path, "yml") || has_extension(path, "yaml")
}

/// Empty for a file in the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folders of these files, each once, sorted.
pub fn folders<'a>(files: &[&'a str]) -> Vec<&'a str> {
    let mut folders: Vec<&str> = files.iter().map(|file| folder(file)).collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn has_extension(path: &str, extension: &str) -> bool {
    let last = name(path).rsplit_once('.');
    last.is_some_and(|(_, last)| last == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_recognised_by_path() {
        for path in [
            "Dockerfile",
            "a/Dockerfile.slim",
            "b/web.Dockerfile",
            "web.dockerfile",
            "Containerfile",
            "dockerfile",
            "a/DOCKERFILE",
            "Dockerfile-prod",
            "--trusted-registry=x.dockerfile",
        ] {
            assert!(is_dockerfile(path), "{path}");
            assert_eq!(path_of_copy(&name_in_copy(path)), path);
        }
        for path in [
            "Dockerfiles/x",
            "docs/dockerfile.md",
            "a/MyDockerfile",
            ".dockerignore",
            "Dockerfile.dockerignore",
            "src/dockerfile.rs",
        ] {
            assert!(!is_dockerfile(path), "{path}");
        }
        assert!(is_workflow(".github/workflows/a.yaml") && !is_workflow(".github/workflows/a/b.yml"));
        assert!(!is_workflow("x/.github/workflows/a.yml") && !is_workflow(".github/workflows/README.md"));
        for path in [
            ".github/dependabot.yml",
            ".pre-commit-config.yaml",
            ".github/actions/x/action.yml",
        ] {
            assert!(is_automation(path), "{path}");
        }
        assert!(!is_automation("dependabot.yml") && !is_automation("reaction.yml"));
        assert!(is_overlay("a/overlays/b/kustomization.yaml") && !is_overlay("a/base/kustomization.yaml"));
        assert!(is_terraform("a/b.tftest.hcl") && is_module_file("a/b.tf") && !is_module_file("a/b.tfvars"));
        assert!(
            is_alert_rules("a/b.rules.yml") && is_alert_rules("b.rules.yaml") && !is_alert_rules("rules.yml")
        );
        assert!(is_alert_rules_test("a/b.rules.test.yml") && !is_alert_rules("a/b.rules.test.yml"));
        assert_eq!(folders(&["b/x.tf", "a/y.tf", "b/z.tf", "w.tf"]), ["", "a", "b"]);
    }
}

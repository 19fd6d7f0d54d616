//! Which kind of configuration a file is, by its path alone; reads none.

/// A Dockerfile by any of its usual names, in capitals or not: `Dockerfile-prod`, `web.dockerfile`. What only speaks of
/// them is none.
pub fn is_dockerfile(path: &str) -> bool {
    let name = name(path).to_lowercase();
    let of_another_kind = [".md", ".rs", ".dockerignore"];
    let named = |kind: &str| name.starts_with(kind) || name.ends_with(&format!(".{kind}"));
    (named("dockerfile") || named("containerfile"))
        && !of_another_kind.iter().any(|ending| name.ends_with(ending))
}

/// What a Dockerfile is called in a copy, so that each tool knows it as one: they disagree on `Containerfile`,
/// `Dockerfile-prod` and capitals.
pub fn name_in_copy(path: &str) -> String {
    match is_dockerfile(path) {
        true => format!("{path}{IN_COPY}"),
        false => path.to_owned(),
    }
}

/// The path that has this name in a copy.
pub fn path_of_copy(name: &str) -> String {
    name.strip_suffix(IN_COPY).unwrap_or(name).to_owned()
}

const IN_COPY: &str = ".Dockerfile";

/// Terraform's own language, tests and values included.
pub fn is_terraform(path: &str) -> bool {
    [".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

/// A file of a Terraform module.
pub fn is_module_file(path: &str) -> bool {
    has_ending(path, "tf")
}

/// A test of a Terraform module.
pub fn is_module_test(path: &str) -> bool {
    path.ends_with(".tftest.hcl")
}

/// A workflow of GitHub Actions.
pub fn is_workflow(path: &str) -> bool {
    let below = path.strip_prefix(".github/workflows/");
    below.is_some_and(|below| !below.contains('/') && is_yaml(below))
}

/// An action of GitHub Actions.
pub fn is_action(path: &str) -> bool {
    matches!(name(path), "action.yml" | "action.yaml")
}

/// What GitHub and pre-commit read beside workflows: actions of our own, Dependabot's settings, hooks.
pub fn is_automation(path: &str) -> bool {
    let named = |stem: &str| {
        ["yml", "yaml"]
            .iter()
            .any(|ending| name(path) == format!("{stem}.{ending}"))
    };
    is_workflow(path)
        || is_action(path)
        || (named("dependabot") && folder(path) == ".github")
        || named(".pre-commit-config")
        || named(".pre-commit-hooks")
}

/// YAML.
pub fn is_yaml(path: &str) -> bool {
    has_ending(path, "yml") || has_ending(path, "yaml")
}

/// The folder that a file is in; empty for the root.
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

fn has_ending(path: &str, ending: &str) -> bool {
    name(path)
        .rsplit_once('.')
        .is_some_and(|(_, last)| last == ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_names() {
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
        assert!(is_terraform("a/b.tftest.hcl") && is_module_file("a/b.tf") && !is_module_file("a/b.tfvars"));
        assert_eq!(folders(&["b/x.tf", "a/y.tf", "b/z.tf", "w.tf"]), ["", "a", "b"]);
    }
}

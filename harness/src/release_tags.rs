//! The tags of releases: `v` and a semantic version.

use std::path::Path;

use anyhow::Result;
use semver::Version;

use crate::context::Context;
use crate::process::command::Command;

/// The tag of the last release before `HEAD`: of an ancestor, also when `HEAD` is a release itself.
pub fn last_before_head(context: &Context, repository: &Path) -> Result<Option<String>> {
    last_of(context, repository, "HEAD^")
}

/// The newest tag of a release of this commit or its ancestors; `None` for a commit that does not exist.
pub fn last_of(context: &Context, repository: &Path, commit: &str) -> Result<Option<String>> {
    let command = |args: &[&str]| {
        Command::new(context, "git")
            .current_dir(repository)
            .args(args)
            .capture()
    };
    // The root commit has no commit before it.
    let merged = command(&["tag", "--list", "--merged", commit, "v[0-9]*"])?.stdout;
    let versions = merged.lines().filter(|tag| is_version(tag));
    let matches: Vec<String> = versions.map(|tag| format!("--match={tag}")).collect();
    if matches.is_empty() {
        return Ok(None);
    }
    let mut args = vec!["describe", "--tags", "--abbrev=0"];
    args.extend(matches.iter().map(String::as_str));
    args.push(commit);
    let output = command(&args)?;
    let tag = output.stdout.trim();
    Ok((output.status.success() && !tag.is_empty()).then(|| tag.to_owned()))
}

/// `v0test` is none.
fn is_version(tag: &str) -> bool {
    tag.strip_prefix('v')
        .is_some_and(|version| Version::parse(version).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_not_before_itself() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::new().unwrap();
        let git = |args: &[&str]| {
            let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
            Command::new(&context, "git")
                .current_dir(folder.path())
                .args(identity)
                .args(args)
                .output()
                .unwrap();
        };
        let commit = || {
            git(&[
                "commit",
                "--quiet",
                "--allow-empty",
                "--message=feat: add a thing",
            ])
        };
        let before = || last_before_head(&context, folder.path()).unwrap();
        let of = || last_of(&context, folder.path(), "HEAD").unwrap();
        git(&["init", "--quiet"]);
        commit();
        git(&["tag", "v0.1.0"]);
        assert_eq!((before(), of()), (None, Some("v0.1.0".to_owned())));
        commit();
        git(&["tag", "v0evil"]);
        assert_eq!(before().as_deref(), Some("v0.1.0"));
        commit();
        git(&["tag", "v0.2.0"]);
        assert_eq!(before().as_deref(), Some("v0.1.0"));
        assert_eq!(of().as_deref(), Some("v0.2.0"));
    }
}

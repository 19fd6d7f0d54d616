//! What the image is built from: the commit with its time, the files that the build may read, and the base in the Dockerfile.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use harness::checksum;
use harness::context::Context;
use harness::process::command::Command;
use harness::worktree::{self, Revision};

/// The list of files that a build may read.
const ALLOWED: &str = ".dockerignore";

/// The instructions.
const DOCKERFILE: &str = "Dockerfile";

/// The source of an image.
#[derive(Debug, Clone)]
pub struct Source {
    /// The commit, followed by `-dirty` if a file differs from it.
    pub commit: String,
    /// The commit's time, in seconds since 1970.
    pub epoch: u64,
    /// Over the names and contents of all files that the build reads.
    pub digest: String,
    revision: Revision,
}

/// The base of the build, by the tag in the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The whole reference, with the digest.
    pub image: String,
    /// The version of Rust.
    pub rust: String,
    /// The release of Debian.
    pub suite: String,
}

impl Source {
    /// The source in the repository's root.
    pub fn of(context: &Context) -> Result<Source> {
        let revision = worktree::revision(context)?;
        ensure!(!revision.commit.is_empty(), "there is no commit to build from");
        let time = Command::new(context, "git").args(["log", "-1", "--format=%ct"]);
        let epoch = time.output()?.trim().parse().context("the time of the commit")?;
        let dirty = if revision.changed.is_empty() { "" } else { "-dirty" };
        let short = revision.commit.get(..12).unwrap_or(&revision.commit);
        Ok(Source {
            commit: format!("{short}{dirty}"),
            epoch,
            digest: digest(context)?,
            revision,
        })
    }

    /// Fails if a clone would differ from the working tree.
    pub fn ensure_committed(&self) -> Result<()> {
        let Some(first) = self.revision.changed.first() else {
            return Ok(());
        };
        bail!("`--reproducible` builds from a clone: commit your changes first ({first})")
    }

    /// Clones the repository into a folder and checks the commit out.
    pub fn clone_into(&self, context: &Context, folder: &Path) -> Result<()> {
        let git = |args: &[&str]| Command::new(context, "git").args(args.iter().copied());
        let clone = git(&["clone", "--quiet", "--no-checkout", "."]).args([folder]);
        clone.output()?;
        let checkout = git(&["checkout", "--quiet", "--detach", &self.revision.commit]);
        checkout.current_dir(folder).output()?;
        Ok(())
    }
}

/// Over the names and contents of all files that the build reads.
pub fn digest(context: &Context) -> Result<String> {
    let root = &context.settings.root;
    let allowed = read(root, ALLOWED)?;
    let is_input =
        |path: &&String| [DOCKERFILE, ALLOWED].contains(&path.as_str()) || is_allowed(&allowed, path);
    let mut lines = String::new();
    for path in worktree::listed(context)?.iter().filter(is_input) {
        lines += &format!("{}  {path}\n", checksum::of_file(&root.join(path))?);
    }
    Ok(checksum::of(lines))
}

/// The base that the Dockerfile pins.
pub fn base(root: &Path) -> Result<Base> {
    base_in(&read(root, DOCKERFILE)?).context("Dockerfile: no `rust:VERSION-SUITE@sha256:DIGEST`")
}

fn base_in(dockerfile: &str) -> Option<Base> {
    let is_separator = |character: char| character.is_whitespace() || "=\"'{}".contains(character);
    let mut tokens = dockerfile.split(is_separator);
    let image = tokens.find(|token| token.contains("@sha256:"))?;
    // `${RUST_IMAGE:-…}`: the value unless the argument is given.
    let image = image.split_once(":-").map_or(image, |(_, default)| default);
    let (_, tag) = image.split_once('@')?.0.rsplit_once(':')?;
    let (rust, suite) = tag.split_once('-')?;
    Some(Base {
        image: image.to_owned(),
        rust: rust.to_owned(),
        suite: suite.to_owned(),
    })
}

/// The list names folders and files of the root, each behind `!`, and folders in them that it leaves out, each behind `*/`.
fn is_allowed(list: &str, path: &str) -> bool {
    let mut allowed = list.lines().filter_map(|line| line.strip_prefix('!'));
    let mut left_out = list.lines().filter_map(|line| line.strip_prefix("*/"));
    let folder = path.split('/').nth(1);
    !left_out.any(|name| Some(name) == folder)
        && allowed.any(|allowed| {
            path.strip_prefix(allowed)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
}

fn read(root: &Path, name: &str) -> Result<String> {
    fs::read_to_string(root.join(name)).with_context(|| format!("cannot read {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    fn table(name: &str) -> toml::Table {
        read(&root(), name).unwrap().parse().unwrap()
    }

    #[test]
    fn the_build_may_read_every_member_of_the_workspace_and_no_other_file_of_the_root() {
        let allowed = read(&root(), ALLOWED).unwrap();
        let members = table("Cargo.toml")["workspace"]["members"].clone();
        let members: Vec<String> = members.try_into().unwrap();
        for member in &members {
            assert!(is_allowed(&allowed, &format!("{member}/Cargo.toml")), "{member}");
        }
        for path in [
            "Cargo.toml",
            "Cargo.lock",
            "compose/image/passwd",
            "compose/vault/objects/mounts.toml",
        ] {
            assert!(is_allowed(&allowed, path), "{path}");
        }
        for path in [
            "target/debug/x",
            ".env",
            ".git/config",
            ".portcullis/secrets/x",
            "Cargo.toml.orig",
            "services/x",
            "service/tests/it/main.rs",
        ] {
            assert!(!is_allowed(&allowed, path), "{path}");
        }
        assert!(
            allowed.lines().any(|line| line == "*"),
            "the list denies everything first"
        );
    }

    /// L2: The base of the build is pinned by a digest, and its compiler is the repository's.
    #[test]
    fn the_base_is_pinned_and_has_the_versions_of_this_repository() {
        let base = base(&root()).unwrap();
        let digest = base.image.rsplit_once("@sha256:").unwrap().1;
        assert!(
            digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{base:?}"
        );
        let channel = table("rust-toolchain.toml")["toolchain"]["channel"].clone();
        assert_eq!(channel.as_str(), Some(base.rust.as_str()));

        let tools = table("security/tools.toml")["tool"].clone();
        let tools = tools.as_array().unwrap().iter();
        let mut auditable = tools.filter(|tool| tool["name"].as_str() == Some("cargo-auditable"));
        let version = auditable.next().unwrap()["version"].as_str().unwrap().to_owned();
        let dockerfile = read(&root(), DOCKERFILE).unwrap();
        assert!(
            dockerfile.contains(&format!("cargo-auditable@{version}")),
            "{version}"
        );
    }

    #[test]
    fn version_and_suite_are_parts_of_the_tag() {
        for line in [
            "ARG RUST_IMAGE=r.example:5000/rust:1.2.3-trixie@sha256:ab\nFROM x",
            "FROM ${RUST_IMAGE:-r.example:5000/rust:1.2.3-trixie@sha256:ab} AS build",
        ] {
            let base = base_in(line).unwrap();
            assert_eq!(base.image, "r.example:5000/rust:1.2.3-trixie@sha256:ab");
            assert_eq!((&*base.rust, &*base.suite), ("1.2.3", "trixie"));
        }
        assert_eq!(base_in("FROM rust:1.2.3"), None);
    }
}

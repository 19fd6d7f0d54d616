//! One entry of the table of tools: name, pinned version, and how it is installed.

use anyhow::{Result, anyhow};
use serde::Deserialize;

/// How a tool is installed by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Install {
    /// A crate of crates.io, built with its own lock file.
    Crate(Package),
    /// A package of PyPI in its own virtual environment, every file pinned by hash.
    Pypi(Package),
    /// A package of npm, installed without running its scripts.
    Npm(Package),
    /// A Go module.
    Go(Package),
    /// Not by name: the text says how to get it.
    None(String),
}

/// A pinned package of a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name; of a Go module, its path.
    pub name: String,
    /// Its version, which is not always the program's.
    pub version: String,
    /// Crates: SHA-256 of the `.crate`, hexadecimal. PyPI: SHA-256 of `security/locks/TOOL.txt`, which has the hash of
    /// every installed file. npm: `dist.integrity`, `sha512-` and base64, of a package without dependencies; SHA-256 of
    /// `security/locks/TOOL.json`, which has that of every package, of one with dependencies. Go: as in `go.sum`, `h1:` and base64.
    pub checksum: String,
    /// Crates: components of the Rust toolchain that it needs.
    #[serde(default)]
    pub components: Vec<String>,
    /// PyPI and npm: further requirements with a version. With any, a package of npm has a lock file.
    #[serde(default)]
    pub with: Vec<String>,
    /// PyPI: packages without a wheel. Only these are built, which runs their code.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Go: the program's package below the module's path; empty for the module itself.
    #[serde(default)]
    pub package: String,
    /// Go: further flags of `go install`.
    #[serde(default)]
    pub flags: Vec<String>,
}

/// One tool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name in gates, reports and on the command line.
    pub name: String,
    /// The program's file name.
    pub program: String,
    /// The pinned version.
    pub version: String,
    /// Arguments that print its version; empty if none do, and then only the copy in the cache is used. `{scratch}` is an empty
    /// folder.
    pub version_args: Vec<String>,
    /// Folders beside the program that belong to it, such as rules: part of its digest.
    #[serde(default)]
    pub folders: Vec<String>,
    /// Whether `tools install` without names leaves it out: it is large, and no gate needs it.
    #[serde(default)]
    pub on_request: bool,
    /// Its licence, an SPDX expression.
    pub licence: String,
    /// How it is installed.
    pub install: Install,
}

impl Package {
    /// `NAME@VERSION`.
    pub fn spec(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Fails unless `found` is the pinned checksum of `what`.
    pub fn ensure_pinned(&self, what: &str, found: &str) -> Result<()> {
        if found == self.checksum {
            Ok(())
        } else {
            Err(self.mismatch(what, found))
        }
    }

    pub(crate) fn mismatch(&self, what: &str, found: &str) -> anyhow::Error {
        let pinned = &self.checksum;
        anyhow!("{what} does not match the pinned checksum: {found}, not {pinned}")
    }
}

impl Install {
    /// Whether a registry provides it.
    pub fn is_by_name(&self) -> bool {
        self.package().is_some()
    }

    /// The pinned package.
    pub fn package(&self) -> Option<&Package> {
        match self {
            Install::Crate(package)
            | Install::Pypi(package)
            | Install::Npm(package)
            | Install::Go(package) => Some(package),
            Install::None(_) => None,
        }
    }

    /// Programs that must be on `PATH` to install it, each with the name to show when it is missing.
    pub fn needs(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Install::Crate(_) => &[("cc", "a C compiler (`cc`)"), ("tar", "tar")],
            Install::Pypi(_) => &[("python3", "Python 3.11 or newer with venv (`python3`)")],
            Install::Npm(package) if package.with.is_empty() => {
                &[("npm", "Node.js with `npm`"), ("tar", "tar")]
            }
            Install::Npm(_) => &[("npm", "Node.js with `npm`")],
            Install::Go(_) => &[("go", "Go (`go`)")],
            Install::None(_) => &[],
        }
    }
}

impl Tool {
    /// Whether a printed version is the pinned one; builds may append their origin.
    pub fn is_version(&self, printed: &str) -> bool {
        let suffix = printed.strip_prefix(&self.version);
        suffix.is_some_and(|suffix| suffix.is_empty() || suffix.starts_with('+') || suffix == "-no-git")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    #[test]
    fn no_package_has_fields_of_another_registry() {
        for tool in table::all().unwrap() {
            let Some(package) = tool.install.package() else {
                continue;
            };
            let is = |registry: bool, is_empty: bool| assert!(registry || is_empty, "{}", tool.name);
            is(
                matches!(tool.install, Install::Crate(_)),
                package.components.is_empty(),
            );
            is(
                matches!(tool.install, Install::Pypi(_) | Install::Npm(_)),
                package.with.is_empty(),
            );
            is(
                matches!(tool.install, Install::Pypi(_)),
                package.sources.is_empty(),
            );
            is(
                matches!(tool.install, Install::Go(_)),
                package.package.is_empty() && package.flags.is_empty(),
            );
        }
    }

    #[test]
    fn a_version_may_name_its_build_but_not_be_another() {
        let tool = table::get("hadolint").unwrap();
        for (suffix, same) in [
            ("", true),
            ("-no-git", true),
            ("+e5069", true),
            ("1", false),
            ("-rc1", false),
        ] {
            let printed = format!("{}{suffix}", tool.version);
            assert_eq!(tool.is_version(&printed), same, "{suffix}");
        }
    }
}

//! A row of the table of tools: name, version, checksum, and how to install it.

use serde::Deserialize;

/// How a tool is installed by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Install {
    /// From crates.io, built with its own lock file.
    Crate(Crate),
    /// From PyPI, in its own virtual environment, every file verified by its hash.
    Pypi(Environment),
    /// From npm: a package without dependencies; its scripts are not run.
    Npm(Package),
    /// A Go module.
    Go(Module),
    /// Not installed by name: the text says how to get it.
    None(String),
}

/// A crate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its `.crate`, hexadecimal.
    pub checksum: String,
    /// Components of the Rust toolchain that it needs.
    #[serde(default)]
    pub components: Vec<String>,
}

/// Packages of PyPI.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The package with the program.
    pub name: String,
    /// Its version, which is not always the program's.
    pub version: String,
    /// SHA-256 of `security/locks/TOOL.txt`, hexadecimal: it has the hashes of everything that is installed.
    pub checksum: String,
    /// Additional requirements, each with a version.
    #[serde(default)]
    pub with: Vec<String>,
    /// Packages without a wheel. Only these are built, which runs their code.
    #[serde(default)]
    pub sources: Vec<String>,
}

/// A package of npm.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `npm view NAME dist.integrity`: `sha512-` and base64.
    pub checksum: String,
}

/// A Go module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its path.
    pub name: String,
    /// Its version.
    pub version: String,
    /// As in a `go.sum`: `h1:` and base64.
    pub checksum: String,
    /// The program's package below the module's path; empty for the module itself.
    #[serde(default)]
    pub package: String,
    /// Additional flags of `go install`.
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
    /// Arguments that print its version. Empty: it cannot, so only the one in the cache is used.
    pub version_args: Vec<String>,
    /// Its licence, an SPDX expression.
    pub licence: String,
    /// How it is installed.
    pub install: Install,
}

impl Install {
    /// Whether it can be installed from a registry.
    pub fn is_by_name(&self) -> bool {
        !matches!(self, Install::None(_))
    }

    /// The checksum; `None` when only the version is pinned.
    pub fn checksum(&self) -> Option<&str> {
        match self {
            Install::Crate(package) => Some(&package.checksum),
            Install::Pypi(package) => Some(&package.checksum),
            Install::Npm(package) => Some(&package.checksum),
            Install::Go(module) => Some(&module.checksum),
            Install::None(_) => None,
        }
    }

    /// Programs that the installation needs on `PATH`, each with the name of the product.
    pub fn needs(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Install::Crate(_) => &[("cc", "a C compiler (`cc`)"), ("tar", "tar")],
            Install::Pypi(_) => &[("python3", "Python 3.11 or newer with venv (`python3`)")],
            Install::Npm(_) => &[("npm", "Node.js with `npm`"), ("tar", "tar")],
            Install::Go(_) => &[("go", "Go (`go`)")],
            Install::None(_) => &[],
        }
    }
}

impl Tool {
    /// Whether the printed version is the pinned one; builds may add a suffix.
    pub fn is_version(&self, told: &str) -> bool {
        let rest = told.strip_prefix(&self.version);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('+') || rest == "-no-git")
    }
}

#[cfg(test)]
mod tests {
    use crate::table;

    #[test]
    fn a_version_may_say_which_build_but_not_be_another() {
        let tool = table::get("hadolint").unwrap();
        for (ending, same) in [
            ("", true),
            ("-no-git", true),
            ("+e5069", true),
            ("1", false),
            ("-rc1", false),
        ] {
            assert_eq!(
                tool.is_version(&format!("{}{ending}", tool.version)),
                same,
                "{ending}"
            );
        }
    }
}

//! One row of the table of tools: what it is, which version, how it is had; runs nothing.

use serde::Deserialize;

/// How a tool is installed by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Install {
    /// A crate of crates.io, built with its own lock file.
    Crate(Package),
    /// A package of PyPI, in a virtual environment of its own, every file by its hash.
    Pypi(Package),
    /// A package of npm, without its scripts.
    Npm(Package),
    /// A module of Go.
    Go(Package),
    /// Not by name: this says how it is had.
    None(String),
}

/// A package of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name there.
    pub name: String,
    /// Its version there, which is not always the tool's.
    pub version: String,
    /// Its checksum, as the registry writes it: hexadecimal SHA-256 (crates.io, PyPI), `sha512-…` (npm), `h1:…` (Go).
    pub checksum: String,
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
    /// Arguments that make it tell its version.
    pub version_args: Vec<String>,
    /// Its licence, an SPDX expression.
    pub licence: String,
    /// How it is installed.
    pub install: Install,
    /// Programs that the installation needs on `PATH`.
    #[serde(default)]
    pub needs: Vec<String>,
}

impl Install {
    /// Whether a registry has it.
    #[must_use]
    pub fn is_by_name(&self) -> bool {
        !matches!(self, Install::None(_))
    }
}

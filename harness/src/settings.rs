//! The environment, read once. No other file of the harness reads it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The variable of [`Settings::provider_schema`].
pub const PROVIDER_SCHEMA: &str = "PORTCULLIS_AZURERM_SCHEMA";

/// The variables that name proxies. Programs differ in whether they read the upper or the lower case.
pub const PROXY_VARIABLES: [&str; 8] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// Settings from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The repository's root.
    pub root: PathBuf,
    /// The cargo that started this program.
    pub cargo: OsString,
    /// Cargo's cache: `$CARGO_HOME`, by default `~/.cargo`.
    pub cargo_home: Option<PathBuf>,
    /// `CARGO_HTTP_CAINFO` or `SSL_CERT_FILE`: the CA certificates that cargo trusts, where they are not the usual ones.
    pub ca_bundle: Option<PathBuf>,
    /// `PATH`.
    pub path: OsString,
    /// The build directory, for our own logs and reports.
    pub target: PathBuf,
    /// The cache for downloads: `$XDG_CACHE_HOME/portcullis`, by default `~/.cache/portcullis`.
    pub cache: Option<PathBuf>,
    /// `XTASK_POSTGRES`: the default of `--postgres`.
    pub postgres: Option<String>,
    /// `XTASK_POSTGRES_PROGRAMS`: a directory with PostgreSQL's programs, or `none` to use downloaded ones only.
    pub postgres_programs: Option<OsString>,
    /// `XTASK_ADVISORY_DB`: the default of `ci --advisory-db`.
    pub advisory_db: Option<PathBuf>,
    /// [`PROVIDER_SCHEMA`]: the schema of the Terraform provider that is used where the real one cannot be.
    pub provider_schema: Option<PathBuf>,
    /// The home directory, which no report may show.
    pub home: Option<PathBuf>,
    /// `GITHUB_STEP_SUMMARY`: a file that the CI system shows as the summary of the step.
    pub step_summary: Option<PathBuf>,
    /// `XTASK_ZAP`: ZAP's `zap.sh`, where it is not on `PATH`.
    pub zap: Option<PathBuf>,
    /// Whether the environment gives the location of OpenSSL.
    pub openssl_given: bool,
    /// `CC`: the C compiler.
    pub cc: Option<OsString>,
    /// Variables that no child inherits: `PORTCULLIS_*`, which would be settings of the service; a token of Vault; those that `cargo run` sets
    /// for this program, which would make build scripts run again; and those that git sets for a hook.
    pub not_for_children: Vec<OsString>,
    /// The names of all variables.
    pub variables: Vec<OsString>,
}

impl Settings {
    /// Reads the environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one file of the harness that reads the environment"
    )]
    pub fn read() -> Settings {
        let filled = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let path = |name: &str| filled(name).map(PathBuf::from);
        let in_home = |name: &str| path("HOME").map(|home| home.join(name));
        let names = || env::vars_os().map(|(name, _)| name);
        let above = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap_or(Path::new("."));
        let root = path("XTASK_ROOT").unwrap_or_else(|| above.to_owned());
        let cache = path("XDG_CACHE_HOME").or_else(|| in_home(".cache"));
        Settings {
            cargo: filled("CARGO").unwrap_or_else(|| "cargo".into()),
            cargo_home: path("CARGO_HOME").or_else(|| in_home(".cargo")),
            ca_bundle: path("CARGO_HTTP_CAINFO").or_else(|| path("SSL_CERT_FILE")),
            path: env::var_os("PATH").unwrap_or_default(),
            target: root.join(path("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into())),
            cache: cache.map(|cache| cache.join("portcullis")),
            postgres: filled("XTASK_POSTGRES").map(|value| value.to_string_lossy().into_owned()),
            postgres_programs: filled("XTASK_POSTGRES_PROGRAMS"),
            advisory_db: path("XTASK_ADVISORY_DB"),
            provider_schema: path(PROVIDER_SCHEMA).map(|file| std::path::absolute(&file).unwrap_or(file)),
            home: path("HOME"),
            step_summary: path("GITHUB_STEP_SUMMARY"),
            zap: path("XTASK_ZAP"),
            openssl_given: filled("OPENSSL_DIR")
                .or_else(|| filled("OPENSSL_INCLUDE_DIR"))
                .is_some(),
            cc: filled("CC"),
            not_for_children: names().filter(|name| is_private(name)).collect(),
            variables: names().collect(),
            root,
        }
    }

    /// A program's file on `PATH`, if there is one.
    pub fn find_program(&self, name: impl AsRef<OsStr>) -> Option<PathBuf> {
        let name = name.as_ref();
        if name == "zap.sh" && self.zap.is_some() {
            return self.zap.clone();
        }
        env::split_paths(&self.path)
            .map(|directory| directory.join(name))
            .find(|file| file.is_file())
    }
}

/// Reads a secret, which no struct holds that could be printed.
#[expect(
    clippy::disallowed_methods,
    reason = "the one file of the harness that reads the environment"
)]
pub fn secret(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_private(name: &OsStr) -> bool {
    const PREFIXES: [&str; 5] = [
        "PORTCULLIS_",
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ];
    // In a hook git's variables name our repository: a child that works on another one would change ours.
    const NAMES: [&str; 8] = [
        "VAULT_TOKEN",
        "CARGO_PRIMARY_PACKAGE",
        "GIT_DIR",
        "GIT_COMMON_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    ];
    let name = name.to_string_lossy();
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&&*name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_settings_are_not_inherited() {
        assert!(is_private(OsStr::new("PORTCULLIS_LISTEN")) && is_private(OsStr::new("CARGO_PKG_NAME")));
        assert!(is_private(OsStr::new("VAULT_TOKEN")) && !is_private(OsStr::new("VAULT_ADDR")));
        assert!(is_private(OsStr::new("GIT_DIR")) && !is_private(OsStr::new("GIT_SSH_COMMAND")));
        assert!(!is_private(OsStr::new("CARGO_HOME")) && !is_private(OsStr::new("XTASK_POSTGRES")));
    }
}

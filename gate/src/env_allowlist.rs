//! What a gate's tools may inherit of the caller's environment: they run, and reach the network, as the caller does, but
//! nothing there says what they look at or leave out. `CKV_SKIP_CHECK`, `TRIVY_SKIP_FILES` and `RUSTFLAGS` would.
//!
//! A list of what is refused would miss the variables of a tool's next release.

use std::ffi::{OsStr, OsString};

/// Variables by their whole names.
const NAMES: &[&str] = &[
    // The machine and the session.
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "DISPLAY",
    "CI",
    "LD_LIBRARY_PATH",
    // The network.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "SSH_AUTH_SOCK",
    // Builds.
    "CARGO",
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_JOBS",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_INCREMENTAL",
    "RUST_BACKTRACE",
    "RUST_MIN_STACK",
    "RUST_TEST_THREADS",
    "SOURCE_DATE_EPOCH",
    "CC",
    "CXX",
    "AR",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "SDKROOT",
    "DEVELOPER_DIR",
    "MACOSX_DEPLOYMENT_TARGET",
    "JAVA_HOME",
];

/// Variables by how their names begin.
const FAMILIES: &[&str] = &[
    "LC_",
    "XTASK_",
    "PG",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "RUSTUP_",
    "OPENSSL_",
    "PKG_CONFIG",
    "NIX_",
];

/// Of these names, those that no tool of a gate may inherit.
pub fn refused(names: &[OsString]) -> Vec<OsString> {
    let refused = names.iter().filter(|name| !may(name));
    refused.cloned().collect()
}

fn may(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    NAMES.contains(&name.as_ref()) || FAMILIES.iter().any(|family| name.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_a_tool_what_to_leave_out_is_refused() {
        for name in [
            "CKV_SKIP_CHECK",
            "BC_API_KEY",
            "HADOLINT_IGNORE",
            "SHELLCHECK_OPTS",
            "TRIVY_SKIP_FILES",
            "TF_CLI_ARGS_test",
            "TFLINT_DISABLED_RULE",
            "GITLEAKS_CONFIG",
            "ZIZMOR_CONFIG",
            "SCHEMATHESIS_HOOKS",
            "PYTHONPATH",
            "GIT_CONFIG_PARAMETERS",
            "RUSTFLAGS",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
            "RUSTC_WORKSPACE_WRAPPER",
            "CLIPPY_CONF_DIR",
            "XDG_CONFIG_HOME",
        ] {
            assert_eq!(refused(&[name.into()]), [name], "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "https_proxy",
            "XTASK_POSTGRES",
            "RUSTUP_HOME",
            "LC_ALL",
        ] {
            assert!(refused(&[name.into()]).is_empty(), "{name}");
        }
    }
}

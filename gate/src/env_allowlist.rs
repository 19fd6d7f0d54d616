//! The environment variables that tools inherit: enough to run and reach the network, none that changes what a tool scans,
//! as `CKV_SKIP_CHECK`, `TRIVY_SKIP_FILES` and `RUSTFLAGS` do. A denylist would miss the variables of a tool's next release.

use std::ffi::{OsStr, OsString};

use harness::settings::PROXY_VARIABLES;

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
    // The network, beside the proxies.
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

const PREFIXES: &[&str] = &[
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

/// Of these names, those that tools do not inherit.
pub fn forbidden(names: &[OsString]) -> Vec<OsString> {
    names.iter().filter(|name| !is_allowed(name)).cloned().collect()
}

fn is_allowed(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    NAMES.contains(&name.as_ref())
        || PROXY_VARIABLES.contains(&name.as_ref())
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_change_what_a_tool_scans_are_forbidden() {
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
            assert_eq!(forbidden(&[name.into()]), [name], "{name}");
        }
        for name in ["PATH", "HOME", "XTASK_POSTGRES", "RUSTUP_HOME", "LC_ALL"] {
            assert!(forbidden(&[name.into()]).is_empty(), "{name}");
        }
        let proxies = PROXY_VARIABLES.map(OsString::from);
        assert!(forbidden(&proxies).is_empty(), "{proxies:?}");
    }
}

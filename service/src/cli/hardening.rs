//! Protects secrets on this machine: the memory of this process, which holds keys and passwords, and the files of secrets.

use crate::config::Settings;
use crate::config::deployment_profile::DeploymentProfile;
use crate::config::secret::SecretSource;
use crate::secrets;
use rustix::process::{Resource, Rlimit, setrlimit};

/// No core dumps and, on Linux, no access by other processes of the same user. Best effort: a process that may not do it
/// still works.
pub fn protect_memory() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Warns about files of secrets that others can read, and about secrets in the environment. In development they may be so.
pub fn warn_about_secrets(settings: &Settings) {
    if settings.profile != DeploymentProfile::Production {
        return;
    }
    for (name, source) in settings.secrets() {
        if let SecretSource::File(path) = source {
            secrets::warn_if_exposed(name, path);
        }
    }
    if let Some(path) = &settings.file_with_secrets {
        secrets::warn_if_exposed("settings file", path);
    }
    // Not refused: some platforms hand over secrets in no other way.
    if !settings.secrets_in_environment.is_empty() {
        tracing::warn!(
            target: "security",
            event = "secret.in_environment",
            settings = settings.secrets_in_environment.join(","),
            "secrets are in the environment, where root and the platform's tools can read them; name files instead, with \
             the settings that end in _FILE"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getrlimit;

    #[test]
    fn a_protected_process_leaves_no_core_dump() {
        protect_memory();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().unwrap(),
            rustix::process::DumpableBehavior::NotDumpable
        );
    }
}

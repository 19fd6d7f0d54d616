//! The settings of Vault: names, defaults, descriptions.

use super::setting::{Setting, secret, setting};

/// They are the last ones in the documentation.
pub(super) const VAULT_SETTINGS: &[Setting] = &[
    setting(
        "VAULT_ADDRESS",
        "",
        "URL of a Vault or OpenBao server, without a path, for example `https://vault.example:8200`. `https` is required beyond the loopback interface in every profile. Empty: no Vault, and no other `VAULT_` setting may be set.",
    ),
    setting(
        "VAULT_CA_FILE",
        "system",
        "PEM file with the only certificate authorities that are trusted for Vault, or `system` for the operating system's authorities.",
    ),
    setting(
        "VAULT_AUTH",
        "approle",
        "How the service logs in to Vault: `approle`, `kubernetes`, or `jwt` (tokens of a managed identity, for example).",
    ),
    setting(
        "VAULT_AUTH_MOUNT",
        "",
        "Path at which the login method is mounted. Empty: the method's name.",
    ),
    setting(
        "VAULT_ROLE_ID",
        "",
        "RoleID. Required if `VAULT_AUTH` is `approle`.",
    ),
    secret(
        "VAULT_SECRET_ID",
        "SecretID, read again at every login. `approle` requires this or `VAULT_WRAPPED_SECRET_ID`, but not both.",
    ),
    secret(
        "VAULT_WRAPPED_SECRET_ID",
        "Wrapping token of a SecretID. It is unwrapped once; a token that was unwrapped before, or that holds no SecretID of the AppRole `VAULT_ROLE`, is an incident, and `serve` exits with code 78. A new one in the file is used at the next login.",
    ),
    setting(
        "VAULT_ROLE",
        "",
        "Role of the login. Required if `VAULT_AUTH` is `kubernetes` or `jwt`. With `VAULT_WRAPPED_SECRET_ID` the name of the AppRole; empty: it is the same as `VAULT_ROLE_ID`.",
    ),
    setting(
        "VAULT_JWT_FILE",
        "",
        "File with the token of the login, as an absolute path, read again at every login. Required by `jwt`. Empty: for `kubernetes` `/var/run/secrets/kubernetes.io/serviceaccount/token`.",
    ),
    setting(
        "VAULT_DATABASE_MOUNT",
        "database",
        "Path at which the database engine is mounted.",
    ),
    setting(
        "VAULT_DATABASE_ROLE_PREFIX",
        "portcullis-",
        "What the names of the database engine's roles begin with.",
    ),
    setting(
        "VAULT_KV_MOUNT",
        "secret",
        "Path at which the KV engine (version 2) is mounted.",
    ),
    setting(
        "VAULT_KV_PREFIX",
        "portcullis/",
        "What the paths of the service's documents in the KV engine begin with.",
    ),
    setting(
        "KEYS_POLL_INTERVAL",
        "30",
        "Time in seconds, 1 to 50, after which `serve` asks Vault for newer keys, varied by up to a fifth. Only with `KEYS=vault`.",
    ),
];

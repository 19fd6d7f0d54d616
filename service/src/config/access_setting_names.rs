//! The settings of requests for access to the database: names, defaults, descriptions.

use super::setting::{Setting, secret, setting};

/// They are the last ones in the documentation.
pub(super) const ACCESS_SETTINGS: &[Setting] = &[
    setting(
        "ACCESS_REQUESTS",
        "off",
        "Requests for access of people to the database (`/access`): `off`, or `vault`, which requires `VAULT_ADDRESS`; see docs/secure-database-access.md.",
    ),
    setting(
        "ACCESS_VAULT_ROLE_ID",
        "",
        "RoleID of the AppRole that issues logins of people. It is not the service's own: that one may not issue them.",
    ),
    setting(
        "ACCESS_VAULT_ROLE",
        "",
        "Name of that AppRole, which a wrapped SecretID must have been created for. Empty: it is the same as `ACCESS_VAULT_ROLE_ID`.",
    ),
    secret(
        "ACCESS_VAULT_SECRET_ID",
        "SecretID of `ACCESS_VAULT_ROLE_ID`. Required with `ACCESS_REQUESTS=vault`, unless `ACCESS_VAULT_WRAPPED_SECRET_ID` is set.",
    ),
    secret(
        "ACCESS_VAULT_WRAPPED_SECRET_ID",
        "Wrapping token of that SecretID. `serve` unwraps it at its start, or as soon as Vault answers; one that was used before is an incident (exit code 78).",
    ),
    setting(
        "ACCESS_VAULT_AUTH_MOUNT",
        "approle",
        "Where the AppRole method of `ACCESS_VAULT_ROLE_ID` is mounted, without `auth/`.",
    ),
    setting(
        "ACCESS_VAULT_TOKEN_ROLE",
        "portcullis-access",
        "Token role in Vault that creates a token for each login of a person.",
    ),
];

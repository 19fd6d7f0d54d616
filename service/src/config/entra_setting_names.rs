//! The settings of Microsoft Entra: names, defaults, descriptions.

use super::setting::{Setting, setting};

/// They follow the settings of Vault in the documentation.
pub(super) const ENTRA_SETTINGS: &[Setting] = &[
    setting(
        "ENTRA_CLIENT_IDS",
        "",
        "Comma-separated client ids of the identities of single logins, for example `rates=00000000-0000-0000-0000-000000000000`, so that each login has an identity of its own. Logins that it does not name use `AZURE_CLIENT_ID`, or the system-assigned identity.",
    ),
    setting(
        "ENTRA_RESOURCE",
        "https://ossrdbms-aad.database.windows.net",
        "The resource that access tokens are requested for. National clouds have another one.",
    ),
    setting(
        "ENTRA_CA_FILE",
        "system",
        "PEM file with the certificate authority of the token endpoint, or `system` for the operating system's authorities.",
    ),
];

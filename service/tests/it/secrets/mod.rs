//! Secrets: none is weak, none is logged.

/// Flows of machine clients.
mod client_flows;

/// The data key is replaced.
mod data_key_rotation;

/// Access tokens as the passwords of database logins.
mod entra_logins;

/// Access tokens of Microsoft Entra.
mod entra_tokens;

/// Every flow that carries a secret.
mod flows;

/// Searches what a service shows.
mod exposure;

/// What reveals the secrets that a service was given.
mod given_secrets;

/// Database credentials are issued, replaced and revoked.
mod issued_credentials;

/// Where keys come from.
mod key_source;

/// The source of database credentials.
mod login_source;

/// No secret reaches a log.
mod logs;

/// What other processes of the machine can read.
mod process;

/// Files that are no regular files.
mod special_files;

/// Vault issues the database logins.
mod rotation;

/// Keys in Vault.
mod vault_keys;

/// Keys in Vault that cannot be used.
mod vault_keys_unusable;

/// What reveals the secrets that Vault gives to a service.
mod vault_secrets;

/// The service does not start with a weak secret.
mod weak_secrets;

/// What the set-up of Vault grants.
mod vault_programs;

/// The set-up of Vault.
mod vault_setup;

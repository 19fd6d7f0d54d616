//! Secrets: none is weak, none is logged.

/// The data key is replaced.
mod data_key_rotation;

/// Every flow that carries a secret.
mod flows;

/// Database credentials are issued, replaced and revoked.
mod issued_credentials;

/// No secret reaches a log.
mod logs;

/// The service does not start with a weak secret.
mod weak_secrets;

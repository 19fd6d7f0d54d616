//! Secrets: none is weak, none is logged.

/// Every flow that carries a secret.
mod flows;

/// No secret reaches a log.
mod logs;

/// The service does not start with a weak secret.
mod weak_secrets;

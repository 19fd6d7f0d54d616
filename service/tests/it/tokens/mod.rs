//! Access tokens and signing keys.

/// Access tokens for HTTP Basic credentials.
mod basic;

/// Forged signatures and keys.
mod forged;

/// Token introspection (RFC 7662).
mod introspection;

/// Rotation of signing keys in a running service.
mod key_rotation;

/// `portcullis keys`.
mod keys_cli;

/// `/validate`.
mod validation;

/// Tokens with wrong claims.
mod wrong_claims;

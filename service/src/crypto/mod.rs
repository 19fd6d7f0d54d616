//! Hashing, signing, sealing. No rule of the business, no SQL, no settings of its own.

/// What an access token says.
pub mod claims;

/// The key that seals data and makes tokens that need not be stored.
pub mod data_key;

/// Threads that hash passwords.
pub mod hashing;

/// Access tokens, signed and verified.
pub mod jwt;

/// How quickly passwords are hashed.
mod retry_after;

/// The hash of a password.
pub mod password_hash;

/// Codes for who has lost the second factor.
pub mod recovery_code;

/// The keys that sign access tokens.
pub mod token_keys;

/// Random tokens, and the hashes that are stored of them.
pub mod tokens;

/// Time-based one-time passwords.
pub mod totp;

/// Turns of work, and the rests between them.
mod cpu_backoff;

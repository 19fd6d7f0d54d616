//! Hashing, signing and encryption. No business rules, no SQL.

/// Claims of access tokens.
pub mod claims;

/// Assertions with which machine clients authenticate.
pub mod client_assertion;

/// Priority and pauses of CPU-heavy threads.
mod cpu_backoff;

/// One key that encrypts stored data and derives tokens.
pub mod data_key;

/// The document of data keys.
pub mod data_key_document;

/// The data keys in use.
pub mod data_keys;

/// Threads that hash passwords.
pub mod hashing;

/// Who may wait for those threads.
pub mod hashing_places;

/// Access tokens, signed and verified.
pub mod jwt;

/// Codes of the second factor, as they are typed.
pub mod one_time_code;

/// Password hashes.
pub mod password_hash;

/// The average time per job, and when a full queue has capacity again.
mod queue_time;

/// Recovery codes.
pub mod recovery_code;

/// Refresh tokens of a session.
pub mod refresh_token;

/// Signing keys of access tokens.
pub mod token_keys;

/// Random tokens and their hashes.
pub mod tokens;

/// Time-based one-time passwords.
pub mod totp;

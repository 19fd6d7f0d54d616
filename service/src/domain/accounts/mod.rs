//! Accounts seen from their owners: registration, confirmation, forgotten passwords, one's own profile, the end.

/// Accounts that operators make at the command line.
pub mod operator;

/// What comes of each of these.
pub mod outcome;

/// What a password must be.
pub mod passwords;

use crate::crypto::hashing::Hashing;
use crate::db::Db;
use std::sync::Arc;

/// Everybody's accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Parts>);

/// What the rules stand on.
pub struct Parts {
    /// The login for accounts.
    pub db: Db,
    /// Hashes passwords.
    pub hashing: Hashing,
}

impl Accounts {
    /// Over these.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

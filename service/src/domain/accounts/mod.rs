//! Accounts seen from their owners: registration, confirmation, forgotten passwords, one's own profile, the end.

/// Changing one's own account.
pub mod changes;

/// Proving an address by a mailed link.
mod confirmation;

/// Accepting an administrator's invitation.
mod invitation;

/// Leaving.
mod deletion;

/// How many mails strangers may cause.
mod mail_limits;

/// The proof of a new address.
mod email_change;

/// Accounts that operators make at the command line.
pub mod operator;

/// What comes of each of these.
pub mod outcome;

/// What a password must be.
pub mod passwords;

/// Mails, and the links in them.
pub mod account_mails;

/// One's own account, as its owner sees it.
pub mod view;

/// Forgotten passwords.
mod recovery;

/// Registering.
pub mod registration;

use crate::config::auth::RegistrationMode;
use crate::crypto::data_key::DataKey;
use crate::crypto::hashing::Hashing;
use crate::db::Db;
use crate::domain::sessions::Sessions;
use crate::domain::throttles::Throttles;
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
    /// Makes the tokens of links.
    pub key: DataKey,
    /// Who may register.
    pub registration: RegistrationMode,
    /// Mails that strangers of one network may cause before they wait.
    pub mail_rate_per_network: i32,
    /// Counts mails.
    pub throttles: Throttles,
    /// Checks the passwords of people who are signed in.
    pub sessions: Sessions,
}

impl Accounts {
    /// Over these.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

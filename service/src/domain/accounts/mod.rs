//! Accounts as their owners manage them: registration, confirmation, password recovery, changes, deletion.

/// The end of an account's access to the database.
pub mod access_end;

/// Passwords of known breaches.
pub mod breached_passwords;

/// Changes by the owner.
pub mod changes;

/// Confirmation of a registration's address.
mod confirmation;

/// Accepting an administrator's invitation.
mod invitation;

/// The owners of mailed links.
pub mod link_owner;

/// Deletion by the owner.
mod deletion;

/// Rate limits on mails.
mod mail_limits;

/// Confirmation of a changed address.
mod email_change;

/// Accounts created at the command line.
pub mod operator;

/// Outcomes and errors of these operations.
pub mod outcome;

/// The password policy.
pub mod passwords;

/// Mails to accounts, and the links in them.
pub mod account_mails;

/// Ending sessions and removing a lost second factor for the owner.
pub mod protection;

/// The account as its owner sees it.
pub mod view;

/// Deletion for good, after the retention.
mod purge;

/// Password recovery.
mod recovery;

/// Registration.
pub mod registration;

/// Encrypting second factors with the newest data key.
pub mod resealing;

/// Registrations that were never confirmed.
pub mod unconfirmed;

use crate::config::auth::RegistrationMode;
use crate::crypto::data_keys::DataKeys;
use crate::crypto::hashing::Hashing;
use crate::db::Db;
use crate::domain::sessions::Sessions;
use crate::domain::throttles::Throttles;
use passwords::PasswordPolicy;
use std::sync::Arc;
use std::time::Duration;

/// The operations of account owners. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Parts>);

/// The dependencies of [`Accounts`].
pub struct Parts {
    /// The accounts login's connections.
    pub db: Db,
    /// Hashes passwords.
    pub hashing: Hashing,
    /// Derives the tokens of links.
    pub key: DataKeys,
    /// How long a deleted account can be restored.
    pub deleted_account_retention: Duration,
    /// Who may register.
    pub registration: RegistrationMode,
    /// Mails that unauthenticated clients of one network may cause without a delay.
    pub mail_rate_per_network: i32,
    /// Counts the mails.
    pub throttles: Throttles,
    /// Which passwords are accepted.
    pub passwords: PasswordPolicy,
    /// Re-authenticates owners for sensitive changes.
    pub sessions: Sessions,
}

impl Accounts {
    /// Wires the domain to its dependencies.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

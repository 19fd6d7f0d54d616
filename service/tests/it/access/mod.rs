//! Access of people to the database: requests, decisions, logins.

/// Changes of accounts that end their access.
mod account_changes;

/// A service that issues logins.
mod broker;

/// Approving, denying, withdrawing, revoking.
mod decisions;

/// The document of the design.
mod documentation;

/// Handing logins over.
mod hand_over;

/// Issued logins.
mod logins;

/// Requester, approver and administrator of one service.
pub mod parties;

/// Deleting failed attempts.
mod purge;

/// Several replicas.
mod replicas;

/// Creating and listing requests.
mod requests;

/// Revoking access.
mod revocation;

/// Replacing logins before they end.
mod rotation;

/// The state machine in the database.
mod states;

//! Access of people to the database: requests, decisions, logins.

/// Approving, denying, withdrawing, revoking.
mod decisions;

/// Requester, approver and administrator of one service.
mod parties;

/// Creating and listing requests.
mod requests;

/// The state machine in the database.
mod states;

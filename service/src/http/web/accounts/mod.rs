//! Pages of accounts.

/// The member's own account.
pub mod account;

/// Changing its name, address or password.
pub mod account_form;

/// Proving the member's identity again.
mod identity_proof;

/// Pages that mailed links lead to.
pub mod links;

/// Requesting a mail.
pub mod mails;

/// The second factor: setting it up, recovery codes, removing it.
pub mod second_factor;

/// Signing in.
pub mod sign_in;

/// Signing out.
pub mod sign_out;

/// Signing up.
pub mod sign_up;

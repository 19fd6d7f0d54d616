//! Accounts: registration, invitations, password reset, and the account of the caller.

/// Cancelling and undoing a change of the address.
mod address_change;

/// `portcullis accounts`.
mod cli;

/// The database restarts during each account change.
mod database_restart;

/// Deleting the account.
mod deletion;

/// The first confirmed account becomes the administrator.
mod first_admin;

/// Hostile names and addresses.
mod hostile_input;

/// Accepting an invitation.
mod invitations;

/// Limits on the mails that unauthenticated clients can cause.
mod mail_limits;

/// `/auth/me`.
mod me;

/// How passwords are hashed and stored.
mod password_hashing;

/// Resetting a forgotten password.
mod password_reset;

/// Which passwords are accepted.
mod password_rules;

/// Deletion for good.
mod purge;

/// Registering and confirming an account.
mod registration;

/// Response times do not reveal whether an account exists.
mod timing;

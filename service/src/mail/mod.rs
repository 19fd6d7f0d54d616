//! Mail: what it says, how it leaves, and the worker that takes it out of the outbox. Whoever has something to tell puts
//! a letter into the outbox, in the transaction that is its reason, and never waits for a mail server.

/// Work that is waited for no longer than a while.
mod timed_task;

/// Why a mail did not leave, in words that can be stored.
pub mod delivery_error;

/// The folder that mails lie in on a developer's machine.
pub mod folder;

/// Which mails there are.
pub mod kind;

/// A mail to enqueue in the outbox.
pub mod outbox_mail;

/// Reads the mails that lie in the folder.
pub mod mailbox;

/// Headers and parts (RFC 5322, MIME).
pub mod message;

/// When to try again, and when to give up.
pub mod retry;

/// Gives mails to a mail server.
pub mod smtp;

/// A connection to a mail server: lines and replies.
mod smtp_session;

/// What TLS to a mail server is checked with.
mod smtp_tls;

/// What each kind of mail says.
pub mod renderer;

/// The ways out.
pub mod transport;

/// Takes mails out of the outbox, one at a time.
pub mod worker;

/// The words of each kind.
mod templates;

//! Mail: the outbox worker, the mails' texts and the transports. Mails are enqueued in the transaction of the change
//! that causes them and sent by a background worker, so that no request waits for a mail server.

/// The header fields `From` and `To`.
mod address_field;

/// Why a delivery failed.
pub mod delivery_error;

/// Delivery to a folder, for development.
pub mod folder;

/// The kinds of mail.
pub mod kind;

/// Reads the mails of the folder.
pub mod mailbox;

/// Header fields and parts (RFC 5322, MIME).
pub mod message;

/// A mail to enqueue in the outbox.
pub mod outbox_mail;

/// Renders mails to plain text and HTML.
pub mod renderer;

/// When to retry a delivery, and when to give up.
pub mod retry;

/// Delivery over SMTP.
pub mod smtp;

/// An SMTP connection: commands and replies.
mod smtp_session;

/// TLS settings of SMTP connections.
mod smtp_tls;

/// The texts of each kind of mail.
mod templates;

/// Runs a task with a timeout.
mod timed_task;

/// The configured transport.
pub mod transport;

/// Sends the mails of the outbox, one at a time.
pub mod worker;

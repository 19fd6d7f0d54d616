//! The outbox, its worker and the transports.

/// Mail servers, databases and the service fail during delivery.
mod delivery_failures;

/// The page that shows mails in development.
mod developer_page;

/// TLS and login at an SMTP server.
mod smtp;

/// SMTP servers that reject, disconnect or hang.
mod smtp_failures;

/// The mail worker.
mod worker;

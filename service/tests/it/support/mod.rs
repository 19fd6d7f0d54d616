//! What the tests stand on: databases, running services, clients. Never checks anything itself.

/// A running service inside this process.
pub mod app;

/// One answer, whoever fetched it.
pub mod answer;

/// Many at the same time.
pub mod crowd;

/// A browser as far as a server can tell.
pub mod browser;

/// Certificates.
pub mod authority;

/// A collector of OTLP.
pub mod collector;

/// Data for tests.
pub mod data;

/// Servers, and a fresh database a test.
pub mod database;

/// An administrator at work.
pub mod desk;

/// What the tests are told from outside.
pub mod environment;

/// Operations beside the product's.
pub mod extra;

/// An authenticator app.
pub mod authenticator;

/// A PostgreSQL server of a test's own.
pub mod own_server;

/// People who have an account.
pub mod people;

/// Letters in the outbox.
pub mod letters;

/// Mails in a folder.
pub mod mailbox;

/// Tokens made by hand.
pub mod forge;

/// Mailed links, without the mail.
pub mod links;

/// The built binary.
pub mod program;

/// Bytes on a socket, exactly as a test wants them.
pub mod raw;

/// A way to a server that can be frozen.
pub mod relay;

/// How long kinds of question take.
pub mod medians;

/// What is logged while the tests run, and what must not be.
pub mod run_log;

/// Files that vanish with their owner.
pub mod scratch;

/// A mail server.
pub mod smtp;

/// A connection to it.
mod smtp_stream;

/// How it talks.
mod smtp_talk;

/// A mail, and ways to send it.
pub mod post;

/// A service that forged tokens are tried on.
pub mod target;

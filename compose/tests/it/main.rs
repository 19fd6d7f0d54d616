//! Tests of the stack of `compose.yaml`.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

/// What the file permits.
mod compose_file;

/// The stack in containers.
mod containers;

/// Clients that send requests while something else happens.
mod load;

/// The mails that the catcher has.
mod mails;

/// Pages of the parts beside the service.
mod pages;

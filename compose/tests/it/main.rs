//! Tests of the stack of `compose.yaml`.

#![expect(clippy::unwrap_used, reason = "the whole file is tests")]

/// Networks, listeners, secrets and volumes of the file.
mod compose_file;

/// The stack in containers.
mod containers;

/// The base of the images.
mod dockerfile;

/// The start of the database.
mod entrypoint;

/// Clients that send requests while something else happens.
mod load;

/// The mails that the catcher has.
mod mails;

/// What the file permits each container.
mod permissions;

/// Pages of the parts beside the service.
mod pages;

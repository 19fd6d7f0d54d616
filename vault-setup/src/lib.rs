//! Sets a Vault or OpenBao up for the service. Policies, mounts and roles are files in `compose/vault/`; this applies them,
//! repeatably: what is as it should be is left alone, and what differs is corrected.

/// Calls to the server.
pub mod server;

/// The files with the objects.
mod objects;

/// Whether an object on the server equals the wanted one.
mod comparison;

/// Applies the objects.
mod setup;

/// SecretIDs.
mod secret_id;

/// The command line.
pub mod command;

pub use secret_id::{SecretId, issue_secret_id, issue_secret_id_to};
pub use server::Server;
pub use setup::{Change, Database, Jwt, Kubernetes, Setup};

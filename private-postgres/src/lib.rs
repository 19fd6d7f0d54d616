//! A private PostgreSQL: finds the server programs and runs one cluster on the loopback address. It sends no SQL.
//!
//! ```no_run
//! # fn main() -> Result<(), private_postgres::Error> {
//! use private_postgres::{Cluster, Programs, Search, Stop};
//! let programs = Programs::find(&Search::default())?;
//! let cluster = Cluster::temporary(&programs, false, &[], &Stop::default())?;
//! println!("listening on 127.0.0.1:{}", cluster.port());
//! # Ok(()) }
//! ```

/// Errors, worded so that the reader can act on them.
mod error;

/// Creates directories with exact permissions.
pub mod directories;

/// A flag that cancels a start.
mod stop;

/// The operating system account that the server runs as.
pub mod account;

/// Spawns programs; the only module that does.
mod spawn;

/// Identifies processes and terminates them.
pub mod processes;

/// Random passwords and their files.
pub mod password;

/// Finds PostgreSQL's programs.
mod programs;

/// Readiness check with the first bytes of PostgreSQL's protocol.
mod probe;

/// The parameters of a cluster.
mod options;

/// Data directories: location, major version, creation.
pub mod data;

/// Stops a server that a killed run left behind.
pub mod orphan;

/// One server process.
mod server;

/// Directories that are removed with their owner.
mod temporary;

/// One cluster: start, stop, resume.
mod cluster;

pub use cluster::Cluster;
pub use error::Error;
pub use options::Options;
pub use programs::{MAJORS, Programs, Search};
pub use stop::Stop;

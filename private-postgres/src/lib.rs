//! A private PostgreSQL: finds the server programs and runs one cluster on the loopback; never talks SQL to it.
//!
//! ```no_run
//! # fn main() -> Result<(), private_postgres::Error> {
//! use private_postgres::{Cluster, Programs, Search, Stop};
//! let programs = Programs::find(&Search::default())?;
//! let cluster = Cluster::temporary(&programs, false, &[], &Stop::default())?;
//! println!("listening on 127.0.0.1:{}", cluster.port());
//! # Ok(()) }
//! ```

/// What can go wrong, told so that a person can act on it.
mod error;

/// Directories with exact permissions.
pub mod directories;

/// The wish that a start ends early.
mod stop;

/// The account a server runs as.
pub mod account;

/// The only place that starts a program.
mod spawn;

/// Which processes are whose, and how one is ended.
pub mod processes;

/// Random passwords and the files that keep them.
pub mod password;

/// Where PostgreSQL's programs are.
mod programs;

/// Is the server ready? The first bytes of PostgreSQL's protocol.
mod probe;

/// What a cluster is made of.
mod options;

/// Data directories: where, of which major, made how.
pub mod data;

/// A server left behind by a run that was killed.
pub mod orphan;

/// One server process.
mod server;

/// Directories that vanish with their owner.
mod temporary;

/// One cluster: start, stop, start again.
mod cluster;

pub use cluster::Cluster;
pub use error::Error;
pub use options::Options;
pub use programs::{MAJORS, Programs, Search};
pub use stop::Stop;

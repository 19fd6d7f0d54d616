//! The parameters of a cluster.

use std::path::PathBuf;

use crate::Programs;
use crate::stop::Stop;

/// The parameters of a cluster.
#[derive(Debug, Clone)]
pub struct Options {
    /// The programs to run.
    pub programs: Programs,
    /// The data directory, created when missing. See [`crate::data::reachable_directory`].
    pub data: PathBuf,
    /// The file with the superuser's password (mode 0600), created when missing.
    pub password_file: PathBuf,
    /// The server's log; appended to.
    pub log: PathBuf,
    /// The port on 127.0.0.1; any free one when `None`.
    pub port: Option<u16>,
    /// Whether the data survives a power failure. Tests are faster without.
    pub durable: bool,
    /// Additional settings, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
    /// Cancels a start.
    pub stop: Stop,
}

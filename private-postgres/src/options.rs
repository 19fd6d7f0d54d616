//! What a cluster is made of; decides nothing.

use std::path::PathBuf;

use crate::Programs;
use crate::stop::Stop;

/// What a cluster is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// The programs to run.
    pub programs: Programs,
    /// The data directory; made when missing. See [`data::place`].
    pub data: PathBuf,
    /// Where the superuser's password is kept (mode 0600); made when missing.
    pub password_file: PathBuf,
    /// The server's log; appended to.
    pub log: PathBuf,
    /// The port on 127.0.0.1; any free one when `None`.
    pub port: Option<u16>,
    /// Does the data survive a power cut? Tests say no and are faster.
    pub durable: bool,
    /// More settings, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
    /// Set from outside to end a start early.
    pub stop: Stop,
}

//! What can go wrong, told so that a person can act on it; never holds a password.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no running cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable programs; `looked` tells where.
    #[error("no PostgreSQL {wanted} programs found; looked in {looked}")]
    NoPrograms {
        /// A major, or the range of supported ones.
        wanted: String,
        /// The places that were searched.
        looked: String,
    },
    /// The data directory belongs to another major.
    #[error("{} was made by PostgreSQL {data_major}, but these programs are PostgreSQL {programs_major}", data.display())]
    WrongMajor {
        /// The data directory.
        data: PathBuf,
        /// Major that made it.
        data_major: u32,
        /// Major of the programs at hand.
        programs_major: u32,
    },
    /// The data directory is there, but nobody knows its password any more.
    #[error("{} exists, but its password file {} does not", data.display(), password_file.display())]
    PasswordLost {
        /// The data directory.
        data: PathBuf,
        /// Where the password was expected.
        password_file: PathBuf,
    },
    /// A program ended with an error; `tail` holds the last lines it wrote.
    #[error("{program} failed ({status}):\n{tail}")]
    Failed {
        /// Which program.
        program: String,
        /// Its exit status.
        status: String,
        /// The last lines of its output.
        tail: String,
    },
    /// The server runs but does not answer in time.
    #[error("PostgreSQL did not accept connections within {seconds} s:\n{tail}")]
    NotReady {
        /// How long we waited.
        seconds: u64,
        /// The last lines of its log.
        tail: String,
    },
    /// A server of ours from an earlier run cannot be ended.
    #[error("the PostgreSQL server with pid {pid} still runs in {} and cannot be stopped", data.display())]
    Unstoppable {
        /// Its process id.
        pid: i32,
        /// Its data directory.
        data: PathBuf,
    },
    /// As root we need another account, and there is none.
    #[error("PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody` to run it as")]
    NoAccount,
    /// Somebody asked us to stop while we waited.
    #[error("interrupted")]
    Interrupted,
    /// The operating system said no.
    #[error("{what}: {source}")]
    Io {
        /// What we tried.
        what: String,
        /// Its answer.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: says what was being done to which path.
    pub(crate) fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let what = format!("{what} {}", path.display());
        move |source| Error::Io { what, source }
    }
}

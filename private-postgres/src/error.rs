//! Errors, worded so that the reader can act on them; none contains a password.

use std::io;
use std::path::{Path, PathBuf};

/// Why no cluster is running.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable programs.
    #[error("no PostgreSQL {wanted} programs found; searched {searched}")]
    NoPrograms {
        /// A major, or the range of supported ones.
        wanted: String,
        /// The searched locations.
        searched: String,
    },
    /// The data directory belongs to another major.
    #[error("{} was created by PostgreSQL {data_major}, but these programs are PostgreSQL {programs_major}", data.display())]
    WrongMajor {
        /// The data directory.
        data: PathBuf,
        /// The major that created it.
        data_major: u32,
        /// The major of the programs.
        programs_major: u32,
    },
    /// The data directory exists, but its password file does not.
    #[error("{} exists, but its password file {} does not", data.display(), password_file.display())]
    PasswordLost {
        /// The data directory.
        data: PathBuf,
        /// Where the password was expected.
        password_file: PathBuf,
    },
    /// A program failed.
    #[error("{program} failed ({status}):\n{tail}")]
    Failed {
        /// The program.
        program: String,
        /// Its exit status.
        status: String,
        /// The last lines of its output.
        tail: String,
    },
    /// The server runs but accepts no connections in time.
    #[error("PostgreSQL did not accept connections within {seconds} s:\n{tail}")]
    NotReady {
        /// The time limit.
        seconds: u64,
        /// The last lines of its log.
        tail: String,
    },
    /// A server from an earlier run cannot be stopped.
    #[error("the PostgreSQL server with pid {pid} still runs in {} and cannot be stopped", data.display())]
    Unstoppable {
        /// Its process id.
        pid: i32,
        /// Its data directory.
        data: PathBuf,
    },
    /// Root needs another account to run the server, and there is none.
    #[error("PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody` to run it as")]
    NoAccount,
    /// The start was cancelled.
    #[error("interrupted")]
    Interrupted,
    /// An operating system error.
    #[error("{what}: {source}")]
    Io {
        /// The failed operation.
        what: String,
        /// Its cause.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: adds the operation and its path.
    pub(crate) fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let what = format!("{what} {}", path.display());
        move |source| Error::Io { what, source }
    }
}

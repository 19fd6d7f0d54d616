//! Secret documents and where they are stored. `serve` reads them and commands change them through this alone.

use super::private_file::{LockedFile, create};
use super::{SecretError, read_file};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How often a file is read; replicas differ by no more than this. The content is compared rather than the modification
/// time, which need not change when container platforms switch a symbolic link.
const FILE_POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Where a document is stored. `Display` names it in messages.
#[derive(Clone, Debug)]
pub enum DocumentStore {
    /// A file.
    File(PathBuf),
}

/// The text of a document at one time.
#[derive(Clone, Debug)]
pub struct Revision {
    text: SecretString,
    version: Option<u64>,
}

/// A document that cannot be read or written. Names where it is stored, never its content.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] SecretError),
    /// The file cannot be created or replaced.
    #[error("{0}: {1}")]
    Write(PathBuf, std::io::Error),
    /// The task that reads the file has failed.
    #[error("cannot read the file: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Revision {
    /// A text from a place that does not number its revisions.
    pub fn unnumbered(text: SecretString) -> Self {
        Self { text, version: None }
    }

    /// The text, which must not be logged.
    pub fn text(&self) -> &str {
        self.text.expose_secret()
    }

    /// Its number, if the place numbers its revisions.
    pub fn version(&self) -> Option<u64> {
        self.version
    }

    /// Whether both are the same revision.
    pub fn is(&self, other: &Self) -> bool {
        self.version == other.version && self.text() == other.text()
    }
}

impl DocumentStore {
    /// Reads the document.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub async fn read(&self) -> Result<Revision, DocumentError> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                // The file may be on a file system that hangs.
                let read = tokio::task::spawn_blocking(move || read_file(&path)).await?;
                Ok(Revision::unnumbered(read?))
            }
        }
    }

    /// Reads the document if it differs from a known revision.
    ///
    /// # Errors
    /// As [`DocumentStore::read`].
    pub async fn read_changed(&self, known: &Revision) -> Result<Option<Revision>, DocumentError> {
        match self {
            Self::File(_) => Ok(Some(self.read().await?).filter(|read| !read.is(known))),
        }
    }

    /// How long to wait between two calls of [`DocumentStore::read_changed`].
    pub fn poll_interval(&self) -> Duration {
        match self {
            Self::File(_) => FILE_POLL_INTERVAL,
        }
    }

    /// Stores a new document. Blocks.
    ///
    /// # Errors
    /// If there is one already, or it cannot be written.
    pub async fn create(&self, text: &SecretString) -> Result<(), DocumentError> {
        match self {
            Self::File(path) => {
                create(path, text.expose_secret()).map_err(|error| DocumentError::Write(path.clone(), error))
            }
        }
    }

    /// Replaces the document by what `change` makes of it, so that no concurrent change is lost. Blocks.
    ///
    /// # Errors
    /// If there is none, it cannot be read or written, or `change` fails, which leaves it unchanged.
    pub async fn update<E: From<DocumentError>>(
        &self,
        mut change: impl FnMut(&str) -> Result<SecretString, E>,
    ) -> Result<(), E> {
        match self {
            Self::File(path) => {
                let failed = |error| DocumentError::Write(path.clone(), error);
                let locked = LockedFile::open(path).map_err(failed)?;
                let changed = change(locked.text())?;
                locked.replace(changed.expose_secret()).map_err(failed)?;
                Ok(())
            }
        }
    }
}

impl fmt::Display for DocumentStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
        }
    }
}

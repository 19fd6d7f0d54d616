//! Secret documents and where they are stored. `serve` reads them and commands change them through this alone.

use super::backoff::Backoff;
use super::private_file::{LockedFile, create};
use super::vault::{Document, Vault, VaultError};
use super::{SecretError, read_file};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How often a change is repeated because another one came first.
const MAX_ATTEMPTS: u32 = 10;

/// The delays between these attempts grow from the first to the second.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

/// Where a document is stored. `Display` names it in messages.
#[derive(Clone, Debug)]
pub enum DocumentStore {
    /// A file.
    File(PathBuf),
    /// A document of Vault's KV engine.
    Vault(VaultDocument),
}

/// A document of Vault's KV engine.
#[derive(Clone, Debug)]
pub struct VaultDocument {
    /// The client.
    pub vault: Vault,
    /// Its name, below the prefix.
    pub name: &'static str,
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
    /// There is no such document in Vault, or its newest version was deleted or destroyed.
    #[error("Vault has no document {0}")]
    Missing(String),
    /// There is a document already.
    #[error("Vault has a document {0} already")]
    Exists(String),
    /// Vault is unavailable, or refuses the request.
    #[error("{0}: {1}")]
    Vault(String, VaultError),
    /// The task that reads the file has failed.
    #[error("cannot read the file: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl DocumentError {
    /// Whether it may succeed later without a change of settings or of the document.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Vault(_, error) if error.is_retryable())
    }
}

impl From<Document> for Revision {
    fn from(document: Document) -> Self {
        Self {
            text: document.text,
            version: Some(document.version),
        }
    }
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
            Self::Vault(document) => document.read().await,
        }
    }

    /// Reads the document if it differs from a known revision. The content of a file is compared rather than its modification
    /// time, which need not change when container platforms switch a symbolic link.
    ///
    /// # Errors
    /// As [`DocumentStore::read`].
    pub async fn read_changed(&self, known: &Revision) -> Result<Option<Revision>, DocumentError> {
        match self {
            Self::File(_) => Ok(Some(self.read().await?).filter(|read| !read.is(known))),
            Self::Vault(document) => document.read_changed(known).await,
        }
    }

    /// Stores a new document. May block.
    ///
    /// # Errors
    /// If there is one already, or it cannot be written.
    pub async fn create(&self, text: &SecretString) -> Result<(), DocumentError> {
        match self {
            Self::Vault(document) => document.create(text).await,
            Self::File(path) => {
                create(path, text.expose_secret()).map_err(|error| DocumentError::Write(path.clone(), error))
            }
        }
    }

    /// Replaces the document by what `change` makes of it, so that no concurrent change is lost. May block, and
    /// may call `change` several times.
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
            Self::Vault(document) => document.update(change).await,
        }
    }
}

impl VaultDocument {
    fn path(&self) -> String {
        self.vault.document_path(self.name)
    }

    fn failed(&self) -> impl Fn(VaultError) -> DocumentError {
        let path = self.path();
        move |error| DocumentError::Vault(path.clone(), error)
    }

    async fn read(&self) -> Result<Revision, DocumentError> {
        let found = self.vault.read_document(self.name).await.map_err(self.failed())?;
        found
            .map(Revision::from)
            .ok_or_else(|| DocumentError::Missing(self.path()))
    }

    /// Asks for the version first: it is no secret, and rarely changes.
    async fn read_changed(&self, known: &Revision) -> Result<Option<Revision>, DocumentError> {
        let state = self
            .vault
            .document_state(self.name)
            .await
            .map_err(self.failed())?;
        if state.is_some_and(|state| state.is_readable && Some(state.version) == known.version) {
            return Ok(None);
        }
        Ok(Some(self.read().await?).filter(|read| !read.is(known)))
    }

    async fn create(&self, text: &SecretString) -> Result<(), DocumentError> {
        if self
            .vault
            .read_document(self.name)
            .await
            .map_err(self.failed())?
            .is_some()
        {
            return Err(DocumentError::Exists(self.path()));
        }
        // Deleted versions count.
        let version = self
            .vault
            .document_version(self.name)
            .await
            .map_err(self.failed())?;
        match self
            .vault
            .write_document(self.name, version.unwrap_or(0), text)
            .await
        {
            Ok(_) => Ok(()),
            Err(VaultError::Conflict) => Err(DocumentError::Exists(self.path())),
            Err(error) => Err(self.failed()(error)),
        }
    }

    async fn update<E: From<DocumentError>>(
        &self,
        mut change: impl FnMut(&str) -> Result<SecretString, E>,
    ) -> Result<(), E> {
        let [first, longest] = RETRY_DELAYS;
        let mut backoff = Backoff::new(first, longest);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let read = self.read().await?;
            let changed = change(read.text())?;
            let version = read.version.unwrap_or(0);
            match self.vault.write_document(self.name, version, &changed).await {
                Ok(_) => return Ok(()),
                Err(VaultError::Conflict) if attempts < MAX_ATTEMPTS => {}
                // The answer may be lost and the document written.
                Err(error) if error.is_retryable() => {
                    let is_written = self
                        .read()
                        .await
                        .is_ok_and(|now| now.text() == changed.expose_secret());
                    return if is_written {
                        Ok(())
                    } else {
                        Err(self.failed()(error).into())
                    };
                }
                Err(error) => return Err(self.failed()(error).into()),
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
    }
}

impl fmt::Display for DocumentStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Vault(document) => write!(f, "{} in Vault", document.path()),
        }
    }
}

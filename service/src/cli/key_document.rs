//! The two kinds of key documents, as `portcullis keys` changes and shows them.

use crate::crypto::data_key_document::{DataKeyDocument, DataKeysError, KeyRemovalError};
use crate::crypto::token_keys::{TokenKey, TokenKeys, TokenKeysError};
use crate::secrets::document::{DocumentError, DocumentStore};
use crate::types::clock;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use std::fmt::Write;

/// How long the keys of a rotation overlap.
#[derive(Clone, Copy, Debug)]
pub struct Overlap {
    /// Until the new key signs or seals.
    pub waiting: Duration,
    /// How long the former signing keys verify after that.
    pub verifying: Duration,
}

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyDocumentError {
    /// It cannot be read or written. The message names it.
    #[error(transparent)]
    Store(#[from] DocumentError),
    /// It is no document of signing keys.
    #[error(transparent)]
    Signing(#[from] TokenKeysError),
    /// It is no document of data keys.
    #[error(transparent)]
    Data(#[from] DataKeysError),
    /// The key cannot be removed.
    #[error(transparent)]
    Removal(#[from] KeyRemovalError),
}

/// A document of keys.
pub trait KeyDocument: Sized {
    /// Generates a document with one key.
    fn generate(now: DateTime<Utc>) -> Result<Self, KeyDocumentError>;
    /// Parses and validates a document.
    fn parse(text: &str) -> Result<Self, KeyDocumentError>;
    /// Adds a key.
    fn rotate(&mut self, now: DateTime<Utc>, overlap: Overlap) -> Result<(), KeyDocumentError>;
    /// The document as JSON, with its keys.
    fn to_text(&self) -> String;
    /// Ids, states and dates of the keys; no key.
    fn table(&self, now: DateTime<Utc>) -> String;
}

/// Stores a new document; returns its table.
pub async fn create<D: KeyDocument>(store: &DocumentStore) -> Result<String, KeyDocumentError> {
    let now = clock::now();
    let document = D::generate(now)?;
    store.create(&document.to_text().into()).await?;
    Ok(document.table(now))
}

/// Changes a stored document; returns its table. `change` is called again if another change came first.
pub async fn change<D: KeyDocument>(
    store: &DocumentStore,
    mut change: impl FnMut(&mut D, DateTime<Utc>) -> Result<(), KeyDocumentError>,
) -> Result<String, KeyDocumentError> {
    let mut table = String::new();
    let changed = store.update(|text| {
        let now = clock::now();
        let mut document = D::parse(text)?;
        change(&mut document, now)?;
        table = document.table(now);
        Ok::<_, KeyDocumentError>(document.to_text().into())
    });
    changed.await?;
    Ok(table)
}

/// The table of a stored document.
pub async fn list<D: KeyDocument>(store: &DocumentStore) -> Result<String, KeyDocumentError> {
    let read = store.read().await?;
    Ok(D::parse(read.text())?.table(clock::now()))
}

impl KeyDocument for TokenKeys {
    fn generate(now: DateTime<Utc>) -> Result<Self, KeyDocumentError> {
        Ok(Self::generate(now)?)
    }

    fn parse(text: &str) -> Result<Self, KeyDocumentError> {
        Ok(Self::parse(text)?)
    }

    fn rotate(&mut self, now: DateTime<Utc>, overlap: Overlap) -> Result<(), KeyDocumentError> {
        Ok(self.rotate(now, overlap.waiting, overlap.verifying)?)
    }

    fn to_text(&self) -> String {
        self.to_text()
    }

    fn table(&self, now: DateTime<Utc>) -> String {
        let mut text = format!(
            "{:<32}  {:<9}  {:<20}  {:<20}  verifies until\n",
            "kid", "state", "created", "signs from"
        );
        for key in &self.keys {
            let TokenKey {
                kid,
                created_at,
                sign_from,
                verify_until,
                ..
            } = key;
            let _ = writeln!(
                text,
                "{kid:<32}  {:<9}  {}  {}  {}",
                self.state(key, now).as_str(),
                date(*created_at),
                date(*sign_from),
                optional_date(*verify_until)
            );
        }
        text
    }
}

impl KeyDocument for DataKeyDocument {
    fn generate(now: DateTime<Utc>) -> Result<Self, KeyDocumentError> {
        Ok(Self::generate(now)?)
    }

    fn parse(text: &str) -> Result<Self, KeyDocumentError> {
        Ok(Self::parse(text)?)
    }

    fn rotate(&mut self, now: DateTime<Utc>, overlap: Overlap) -> Result<(), KeyDocumentError> {
        Ok(self.rotate(now, overlap.waiting)?)
    }

    fn to_text(&self) -> String {
        self.to_text()
    }

    fn table(&self, now: DateTime<Utc>) -> String {
        let mut text = format!("{:<16}  {:<9}  {:<20}  seals from\n", "kid", "state", "created");
        for key in &self.keys {
            let _ = writeln!(
                text,
                "{:<16}  {:<9}  {:<20}  {}",
                key.kid,
                self.state(key, now).as_str(),
                optional_date(key.created_at),
                optional_date(key.seal_from)
            );
        }
        text
    }
}

fn date(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn optional_date(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), date)
}

//! The document of data keys, which is one secret. A text with a single key, as `DATA_KEY` may hold, counts as a document
//! with that key.

use super::data_key::{DataKey, DataKeyError};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The document. `Debug` shows key ids only.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataKeyDocument {
    /// The keys, oldest first. Never empty.
    pub keys: Vec<DataKeyEntry>,
}

/// One key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataKeyEntry {
    /// Key id, which follows from the key.
    pub kid: String,
    /// The key: at least 32 random bytes in base64 or hexadecimal.
    pub key: String,
    /// Time of creation. `None`: the key was used before there was a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// From then on the key seals: late enough for all replicas to have loaded it. `None`: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_from: Option<DateTime<Utc>>,
}

/// State of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKeyState {
    /// Opens, does not seal yet.
    Waiting,
    /// Seals and opens.
    Sealing,
    /// Only opens what it sealed.
    Opening,
}

impl DataKeyState {
    /// Name in the output of `keys`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sealing => "sealing",
            Self::Opening => "opening",
        }
    }
}

/// Why a text holds no valid data keys. Never quotes it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataKeysError {
    /// A single key that is invalid.
    #[error(transparent)]
    Single(#[from] DataKeyError),
    /// JSON, but not of the expected structure.
    #[error("is not a document of data keys: generate one with `portcullis keys generate --data`")]
    Document,
    /// A key of the document is invalid.
    #[error("data key {0} {1}")]
    Key(usize, DataKeyError),
    /// The id is duplicate, or another key's.
    #[error("data key {0} has a duplicate id, or one that does not belong to it")]
    Id(usize),
}

/// Why a key cannot be removed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRemovalError {
    /// The document has no such key.
    #[error("has no key with this id")]
    Unknown,
    /// The key seals new values.
    #[error("this key seals new values: rotate first, and wait until the new key seals")]
    Seals,
}

impl DataKeyDocument {
    /// Generates a document with one key, which seals at once.
    pub fn generate(now: DateTime<Utc>) -> Result<Self, DataKeysError> {
        Ok(Self {
            keys: vec![DataKeyEntry::generate(now, now)?],
        })
    }

    /// Parses and validates a document or a single key.
    pub fn parse(text: &str) -> Result<Self, DataKeysError> {
        let text = text.trim();
        if !text.starts_with('{') {
            return Ok(Self {
                keys: vec![DataKeyEntry::of(text, None, None)?],
            });
        }
        let document: Self = serde_json::from_str(text).map_err(|_| DataKeysError::Document)?;
        if document.keys.is_empty() {
            return Err(DataKeysError::Document);
        }
        for (index, entry) in document.keys.iter().enumerate() {
            let number = index + 1;
            let key = DataKey::parse(&entry.key).map_err(|error| DataKeysError::Key(number, error))?;
            let mut earlier = document.keys.iter().take(index);
            if key.id().to_string() != entry.kid || earlier.any(|earlier| earlier.kid == entry.kid) {
                return Err(DataKeysError::Id(number));
            }
        }
        Ok(document)
    }

    /// The document as JSON.
    pub fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The current state of a key.
    pub fn state(&self, entry: &DataKeyEntry, now: DateTime<Utc>) -> DataKeyState {
        let sealing = sealing_index(self.keys.iter().map(|entry| entry.seal_from), now);
        let index = self.keys.iter().position(|other| other.kid == entry.kid);
        match index.unwrap_or_default().cmp(&sealing) {
            std::cmp::Ordering::Less => DataKeyState::Opening,
            std::cmp::Ordering::Equal => DataKeyState::Sealing,
            std::cmp::Ordering::Greater => DataKeyState::Waiting,
        }
    }

    /// Adds a key that seals after `overlap`.
    pub fn rotate(&mut self, now: DateTime<Utc>, overlap: Duration) -> Result<(), DataKeysError> {
        self.keys.push(DataKeyEntry::generate(now, now + overlap)?);
        Ok(())
    }

    /// Removes a key that does not seal.
    pub fn remove(&mut self, kid: &str, now: DateTime<Utc>) -> Result<(), KeyRemovalError> {
        let entry = self.keys.iter().find(|entry| entry.kid == kid);
        let entry = entry.ok_or(KeyRemovalError::Unknown)?;
        if self.state(entry, now) == DataKeyState::Sealing {
            return Err(KeyRemovalError::Seals);
        }
        self.keys.retain(|entry| entry.kid != kid);
        Ok(())
    }
}

impl DataKeyEntry {
    fn generate(now: DateTime<Utc>, seal_from: DateTime<Utc>) -> Result<Self, DataKeysError> {
        Self::of(&DataKey::generate(), Some(now), Some(seal_from))
    }

    fn of(
        key: &str,
        created_at: Option<DateTime<Utc>>,
        seal_from: Option<DateTime<Utc>>,
    ) -> Result<Self, DataKeysError> {
        Ok(Self {
            kid: DataKey::parse(key)?.id().to_string(),
            key: key.to_owned(),
            created_at,
            seal_from,
        })
    }
}

/// The index of the key that seals: the last whose time has come, else the first. Dates in the document decide, not the
/// moment of reading it, so that replicas switch at the same time.
pub(super) fn sealing_index(
    seal_from: impl Iterator<Item = Option<DateTime<Utc>>>,
    now: DateTime<Utc>,
) -> usize {
    let due = seal_from
        .enumerate()
        .filter(|(_, from)| from.is_none_or(|from| from <= now));
    due.last().map_or(0, |(index, _)| index)
}

impl fmt::Debug for DataKeyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|entry| &entry.kid))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::clock;

    fn states(document: &DataKeyDocument, now: DateTime<Utc>) -> Vec<DataKeyState> {
        let keys = document.keys.iter();
        keys.map(|entry| document.state(entry, now)).collect()
    }

    #[test]
    fn a_key_waits_seals_and_opens() {
        use DataKeyState::{Opening, Sealing, Waiting};
        let start = clock::now();
        let after = |seconds| start + Duration::seconds(seconds);
        let mut document = DataKeyDocument::parse(&DataKey::generate()).unwrap();
        assert_eq!(states(&document, start), [Sealing]);
        document.rotate(start, Duration::seconds(300)).unwrap();
        assert_eq!(states(&document, after(299)), [Sealing, Waiting]);
        assert_eq!(states(&document, after(300)), [Opening, Sealing]);
        let kid = |index: usize| document.keys[index].kid.clone();
        let (old, new) = (kid(0), kid(1));
        let mut copy = document.clone();
        assert_eq!(copy.remove(&new, after(300)), Err(KeyRemovalError::Seals));
        assert_eq!(copy.remove("0", after(300)), Err(KeyRemovalError::Unknown));
        assert_eq!(copy.remove(&old, after(300)), Ok(()));
        assert_eq!(states(&copy, after(300)), [Sealing]);
        assert_eq!(document.remove(&old, start), Err(KeyRemovalError::Seals));
        assert_eq!(document.remove(&new, start), Ok(()));
    }

    #[test]
    fn a_document_round_trips_and_an_invalid_one_is_rejected() {
        let now = clock::now();
        let mut document = DataKeyDocument::generate(now).unwrap();
        document.rotate(now, Duration::zero()).unwrap();
        let text = document.to_text();
        assert_eq!(DataKeyDocument::parse(&text).unwrap().to_text(), text);
        assert!(!format!("{document:?}").contains(&document.keys[0].key));
        let error = |document: &DataKeyDocument| DataKeyDocument::parse(&document.to_text()).unwrap_err();
        let mut twice = document.clone();
        twice.keys.push(document.keys[0].clone());
        assert_eq!(error(&twice), DataKeysError::Id(3));
        let mut swapped = document.clone();
        swapped.keys[0].kid = document.keys[1].kid.clone();
        assert_eq!(error(&swapped), DataKeysError::Id(1));
        let mut weak = document.clone();
        weak.keys[1].key = "00".repeat(32);
        assert_eq!(error(&weak), DataKeysError::Key(2, DataKeyError::Guessable));
        weak.keys.clear();
        assert_eq!(error(&weak), DataKeysError::Document);
        assert_eq!(DataKeyDocument::parse("{}").unwrap_err(), DataKeysError::Document);
    }
}

//! The data keys in use: the newest one seals and derives, every one opens and verifies. What is sealed names its key. The
//! set can be replaced while the service runs.

use super::data_key::{DataKey, DataKeyId};
use super::data_key_document::{DataKeyDocument, DataKeysError, sealing_index};
use crate::types::clock;
use chrono::{DateTime, Utc};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// First byte of a sealed value that names its key.
const VERSION: u8 = 1;

/// The keys. Cheap to clone; all clones share one set. `Debug` does not show them.
#[derive(Clone)]
pub struct DataKeys(Arc<RwLock<Arc<KeySet>>>);

/// The keys, oldest first. The first one is apart, because there is always one.
struct KeySet {
    first: Key,
    later: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: DataKeyId,
    key: DataKey,
    seal_from: Option<DateTime<Utc>>,
}

impl DataKeys {
    /// The keys of a document, or a single key.
    pub fn parse(text: &str) -> Result<Self, DataKeysError> {
        Ok(Self(Arc::new(RwLock::new(Arc::new(KeySet::parse(text)?)))))
    }

    /// One random key.
    #[cfg(test)]
    pub fn random() -> Self {
        Self::parse(&DataKey::generate()).unwrap()
    }

    /// Replaces the keys by those of a document. Returns their number.
    pub fn replace(&self, text: &str) -> Result<usize, DataKeysError> {
        let keys = Arc::new(KeySet::parse(text)?);
        let count = keys.all().count();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(count)
    }

    /// The key that seals now.
    pub fn newest(&self) -> DataKey {
        self.keys().newest().key.clone()
    }

    /// The key with this id, in its text form.
    pub fn find(&self, id: &str) -> Option<DataKey> {
        let keys = self.keys();
        let found = keys.all().find(|key| key.id.to_string() == id);
        found.map(|key| key.key.clone())
    }

    /// The oldest key.
    pub fn oldest(&self) -> DataKey {
        self.keys().first.key.clone()
    }

    /// HMAC-SHA-256 of the data with the newest key, under the key derived for `label`.
    pub fn mac(&self, label: &'static str, data: &[u8]) -> [u8; 32] {
        self.newest().mac(label, data)
    }

    /// The same with every key, for verifying a MAC that names no key.
    pub fn macs(&self, label: &'static str, data: &[u8]) -> Vec<[u8; 32]> {
        self.keys().all().map(|key| key.key.mac(label, data)).collect()
    }

    /// Verifies a MAC with every key, in constant time.
    pub fn verify_mac(&self, label: &'static str, data: &[u8], mac: &[u8]) -> bool {
        let keys = self.keys();
        keys.all().any(|key| key.key.verify_mac(label, data, mac))
    }

    /// Encrypts data with the newest key, as [`DataKey::seal`] does, and prepends the key's id.
    pub fn seal(&self, label: &'static str, context: &str, data: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys();
        let Key { id, key, .. } = keys.newest();
        let sealed = key.seal(label, context, data)?;
        Some([&[VERSION], id.bytes(), &sealed].concat())
    }

    /// Decrypts data. `None`: it was changed, moved to another context, or encrypted with a key that is not known.
    pub fn open(&self, label: &'static str, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let keys = self.keys();
        let named = split(sealed).and_then(|(id, rest)| {
            let key = keys.all().find(|key| key.id == id)?;
            key.key.open(label, context, rest)
        });
        // Values that were sealed before keys had ids.
        let unnamed = || keys.all().find_map(|key| key.key.open(label, context, sealed));
        named.or_else(unnamed)
    }

    /// Whether a value names the newest key.
    pub fn is_newest(&self, sealed: &[u8]) -> bool {
        split(sealed).is_some_and(|(id, _)| id == self.keys().newest().id)
    }

    fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl KeySet {
    fn parse(text: &str) -> Result<Self, DataKeysError> {
        let document = DataKeyDocument::parse(text)?;
        let mut keys = document.keys.iter().map(|entry| {
            let key = DataKey::parse(&entry.key)?;
            Ok(Key {
                id: key.id(),
                key,
                seal_from: entry.seal_from,
            })
        });
        let first = keys.next().ok_or(DataKeysError::Document)??;
        let later = keys.collect::<Result<_, DataKeysError>>()?;
        Ok(Self { first, later })
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.later)
    }

    fn newest(&self) -> &Key {
        let index = sealing_index(self.all().map(|key| key.seal_from), clock::now());
        self.all().nth(index).unwrap_or(&self.first)
    }
}

/// The id of the key that a value names, and the value that the key sealed.
fn split(sealed: &[u8]) -> Option<(DataKeyId, &[u8])> {
    let (id, rest) = sealed
        .strip_prefix(&[VERSION])?
        .split_at_checked(DataKeyId::LENGTH)?;
    Some((DataKeyId::of_bytes(id)?, rest))
}

impl fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKeys([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    #[test]
    fn the_newest_key_seals_and_every_key_opens() {
        let now = clock::now();
        let mut document = DataKeyDocument::generate(now).unwrap();
        let keys = DataKeys::parse(&document.keys[0].key).unwrap();
        let unnamed = keys.newest().seal("totp", "account 7", b"one").unwrap();
        let old = keys.seal("totp", "account 7", b"two").unwrap();
        document.rotate(now, Duration::hours(1)).unwrap();
        keys.replace(&document.to_text()).unwrap();
        assert!(keys.is_newest(&old), "the second key waits");
        document.rotate(now, Duration::zero()).unwrap();
        assert_eq!(keys.replace(&document.to_text()), Ok(3));
        let new = keys.seal("totp", "account 7", b"three").unwrap();
        assert!(keys.is_newest(&new) && !keys.is_newest(&old) && !keys.is_newest(&unnamed));
        for (sealed, plain) in [(&unnamed, "one"), (&old, "two"), (&new, "three")] {
            let opened = keys.open("totp", "account 7", sealed);
            assert_eq!(opened.as_deref(), Some(plain.as_bytes()));
            assert_eq!(keys.open("totp", "account 8", sealed), None);
            assert_eq!(keys.open("other", "account 7", sealed), None);
        }
        let id = document.keys[2].kid.clone();
        assert_eq!(keys.find(&id).unwrap().id().to_string(), id);
        assert_eq!(keys.newest().id().to_string(), id);
        assert_eq!(keys.oldest().id().to_string(), document.keys[0].kid);
        document.keys.drain(..2);
        keys.replace(&document.to_text()).unwrap();
        assert_eq!(keys.open("totp", "account 7", &old), None);
        assert_eq!(keys.open("totp", "account 7", &unnamed), None);
        assert!(keys.open("totp", "account 7", &new).is_some());
        assert!(keys.replace("secret").is_err());
        assert!(
            keys.open("totp", "account 7", &new).is_some(),
            "the former keys remain"
        );
    }

    #[test]
    fn an_unnamed_value_that_begins_like_a_named_one_is_opened() {
        let keys = DataKeys::parse(&DataKey::generate()).unwrap();
        let unnamed = (0..100_000).find_map(|_| {
            let sealed = keys.newest().seal("totp", "account 7", b"one")?;
            Some(sealed).filter(|sealed| sealed.first() == Some(&VERSION))
        });
        assert!(keys.open("totp", "account 7", &unnamed.unwrap()).is_some());
        assert_eq!(keys.open("totp", "account 7", &[VERSION]), None);
        assert_eq!(keys.open("totp", "account 7", b""), None);
    }
}

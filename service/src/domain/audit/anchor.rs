//! Anchors: signed records of the end of the chain, stored outside of the database. An attacker who cuts the chain off or
//! rebuilds it cannot change them: their key, derived from the data keys, is never sent to the database.

use crate::crypto::data_keys::DataKeys;
use crate::types::event_hash::EventHash;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// The name of anchors in the log and in anchor files.
pub const ANCHOR_EVENT: &str = "audit.anchor";

/// The label of the key.
const KEY_LABEL: &str = "audit anchor";

/// The end of the chain at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// When it was read.
    pub at: DateTime<Utc>,
    /// Id of the last event; 0 if there was none.
    pub id: i64,
    /// Hash of the last event.
    pub hash: EventHash,
}

/// An anchor as it is written: one JSON object per line, in a file of its own or among other lines of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedAnchor {
    /// [`ANCHOR_EVENT`].
    pub event: String,
    /// When the chain ended so, in RFC 3339.
    pub at: String,
    /// Id of the last event.
    pub id: i64,
    /// Its hash.
    pub hash: String,
    /// HMAC-SHA-256 of the three members above, joined by line feeds, in hexadecimal: in base64url it would look like a
    /// token to scanners of logs.
    pub mac: String,
}

/// What a line of a log or an anchor file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorLine {
    /// An anchor that the key signed.
    Valid(Anchor),
    /// An anchor that is malformed, was changed, or is signed by another key.
    Invalid,
    /// Something else.
    Other,
}

impl Anchor {
    /// Signs the anchor.
    pub fn sign(&self, key: &DataKeys) -> SignedAnchor {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let hash = self.hash.to_string();
        let mac = key.mac(KEY_LABEL, signed_text(&at, self.id, &hash).as_bytes());
        SignedAnchor {
            event: ANCHOR_EVENT.to_owned(),
            id: self.id,
            mac: hex::encode(mac),
            at,
            hash,
        }
    }
}

impl AnchorLine {
    /// Parses and verifies a line.
    pub fn parse(line: &str, key: &DataKeys) -> Self {
        // A line that is not JSON, for example the last one of a process that was killed, proves nothing.
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else {
            return Self::Other;
        };
        if value.get("event").and_then(serde_json::Value::as_str) != Some(ANCHOR_EVENT) {
            return Self::Other;
        }
        let signed = serde_json::from_value(value).ok();
        signed
            .and_then(|signed| verify(&signed, key))
            .map_or(Self::Invalid, Self::Valid)
    }
}

fn verify(signed: &SignedAnchor, key: &DataKeys) -> Option<Anchor> {
    let mac = hex::decode(&signed.mac).ok()?;
    let text = signed_text(&signed.at, signed.id, &signed.hash);
    if !key.verify_mac(KEY_LABEL, text.as_bytes(), &mac) {
        return None;
    }
    Some(Anchor {
        at: DateTime::parse_from_rfc3339(&signed.at).ok()?.to_utc(),
        id: signed.id,
        hash: EventHash::parse(&signed.hash)?,
    })
}

fn signed_text(at: &str, id: i64, hash: &str) -> String {
    format!("{at}\n{id}\n{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::data_key_document::DataKeyDocument;
    use crate::types::clock;

    fn key() -> DataKeys {
        DataKeys::random()
    }

    #[test]
    fn an_anchor_remains_valid_when_the_key_is_rotated() {
        let now = clock::now();
        let mut document = DataKeyDocument::generate(now).unwrap();
        let keys = DataKeys::parse(&document.to_text()).unwrap();
        let anchor = Anchor {
            at: now,
            id: 7,
            hash: EventHash::of(&[0xab; 32]).unwrap(),
        };
        let line = serde_json::to_string(&anchor.sign(&keys)).unwrap();
        document.rotate(now, chrono::Duration::zero()).unwrap();
        keys.replace(&document.to_text()).unwrap();
        assert!(matches!(AnchorLine::parse(&line, &keys), AnchorLine::Valid(_)));
        assert_ne!(serde_json::to_string(&anchor.sign(&keys)).unwrap(), line);
    }

    #[test]
    fn only_an_unchanged_anchor_of_this_key_is_valid() {
        let key = key();
        let anchor = Anchor {
            at: DateTime::from_timestamp_micros(clock::now().timestamp_micros()).unwrap(),
            id: 7,
            hash: EventHash::of(&[0xab; 32]).unwrap(),
        };
        let line = serde_json::to_string(&anchor.sign(&key)).unwrap();
        assert_eq!(AnchorLine::parse(&line, &key), AnchorLine::Valid(anchor));
        assert_eq!(
            AnchorLine::parse(&line, &super::tests::key()),
            AnchorLine::Invalid
        );
        for (from, to) in [
            ("\"id\":7", "\"id\":6"),
            ("abab", "abac"),
            ("\"at\":\"2", "\"at\":\"1"),
            ("\"mac\"", "\"nac\""),
        ] {
            assert!(line.contains(from), "{line}");
            assert_eq!(
                AnchorLine::parse(&line.replacen(from, to, 1), &key),
                AnchorLine::Invalid,
                "{to}"
            );
        }
        let in_log = line.replacen('{', r#"{"level":"INFO","target":"audit","#, 1);
        assert_eq!(AnchorLine::parse(&in_log, &key), AnchorLine::Valid(anchor));
        for other in [
            "",
            "{}",
            "text",
            r#"{"event":"session.throttled"}"#,
            &line[..line.len() - 1],
        ] {
            assert_eq!(AnchorLine::parse(other, &key), AnchorLine::Other, "{other}");
        }
    }
}

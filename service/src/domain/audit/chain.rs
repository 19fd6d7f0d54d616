//! Verifies the hash chain of audit events. The hashes are recomputed here, independently of the database function that
//! created them.

use crate::db::audit::{ChainRow, Head};
use crate::types::event_hash::EventHash;
use sha2::{Digest, Sha256};

/// The first defect of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// An id is missing.
    #[error("event {0} is missing")]
    Missing(i64),
    /// An event has an id outside the sequence.
    #[error("event {0} is outside the chain")]
    Outside(i64),
    /// Its hash does not match its content.
    #[error("event {0} was changed")]
    Changed(i64),
    /// Its `previous_hash` is not the hash of its predecessor.
    #[error("event {0} does not follow from the one before it")]
    Unlinked(i64),
    /// Events at the end are missing, according to `audit.head`.
    #[error("event {0} and all later ones are missing")]
    Truncated(i64),
    /// `audit.head` has another hash.
    #[error("the hash of event {0} differs from audit.head")]
    HeadMismatch(i64),
    /// `audit.head` is empty.
    #[error("audit.head is empty: missing events at the end cannot be detected")]
    NoHead,
}

/// A chain without defects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedChain {
    /// The number of events, which is the id of the last one.
    pub count: i64,
    /// The hash of the last one.
    pub head: EventHash,
}

/// The verified part of a chain.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    last: i64,
    hash: EventHash,
}

/// An empty chain.
impl Default for Chain {
    fn default() -> Self {
        Self {
            last: 0,
            hash: EventHash::GENESIS,
        }
    }
}

impl Chain {
    /// The number of verified events.
    pub fn count(&self) -> i64 {
        self.last
    }

    /// Verifies the next event; returns its hash.
    pub fn add(&mut self, row: &ChainRow) -> Result<EventHash, ChainError> {
        let next = self.last + 1;
        if row.id > next {
            return Err(ChainError::Missing(next));
        }
        if row.id < next {
            return Err(ChainError::Outside(row.id));
        }
        if row.previous_hash != Some(self.hash) {
            return Err(ChainError::Unlinked(row.id));
        }
        let hash = hash_of(row, self.hash).filter(|hash| row.hash == Some(*hash));
        self.hash = hash.ok_or(ChainError::Changed(row.id))?;
        self.last = row.id;
        Ok(self.hash)
    }

    /// Compares the end with `audit.head`.
    pub fn end(self, head: Option<Head>) -> Result<VerifiedChain, ChainError> {
        let head = head.ok_or(ChainError::NoHead)?;
        if head.id > self.last {
            return Err(ChainError::Truncated(self.last + 1));
        }
        if head.id < self.last {
            return Err(ChainError::Outside(head.id + 1));
        }
        if head.hash != Some(self.hash) {
            return Err(ChainError::HeadMismatch(self.last));
        }
        Ok(VerifiedChain {
            count: self.last,
            head: self.hash,
        })
    }
}

/// SHA-256 over the previous hash and the event's lines, as `audit.append` computes it. No line but the last may contain a
/// control character, and jsonb prints none, so no two events have the same bytes.
fn hash_of(row: &ChainRow, previous: EventHash) -> Option<EventHash> {
    let at = row.at?.format("%Y-%m-%dT%H:%M:%S%.6fZ");
    let actor = row.actor_id.map(|id| id.to_string()).unwrap_or_default();
    let ChainRow {
        id,
        action,
        subject,
        request_id,
        address,
        detail,
        ..
    } = row;
    let lines = format!("{id}\n{at}\n{actor}\n{action}\n{subject}\n{request_id}\n{address}\n{detail}");
    let digest = Sha256::new().chain_update(previous.bytes()).chain_update(lines);
    EventHash::of(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn row(id: i64, previous: EventHash) -> ChainRow {
        let mut row = ChainRow {
            id,
            at: DateTime::from_timestamp_micros(1_700_000_000_000_001),
            actor_id: None,
            action: "thing.done".into(),
            subject: "thing:1".into(),
            request_id: String::new(),
            address: "127.0.0.1".into(),
            detail: "{}".into(),
            previous_hash: Some(previous),
            hash: None,
        };
        row.hash = hash_of(&row, previous);
        row
    }

    /// A verified chain of this many events.
    fn chain(count: i64) -> Chain {
        let mut chain = Chain::default();
        for id in 1..=count {
            chain.add(&row(id, chain.hash)).unwrap();
        }
        chain
    }

    fn head(chain: &Chain) -> Option<Head> {
        Some(Head {
            id: chain.last,
            hash: Some(chain.hash),
        })
    }

    #[test]
    fn a_verified_chain_has_its_length_and_last_hash() {
        for count in [0, 1, 3] {
            let verified = chain(count);
            let end = verified.end(head(&verified)).unwrap();
            assert_eq!((end.count, end.head), (count, verified.hash));
        }
        assert_eq!(chain(0).hash, EventHash::GENESIS);
    }

    #[test]
    fn every_defect_names_its_event() {
        let mut two = chain(2);
        let hash = two.hash;
        assert_eq!(two.add(&row(4, hash)), Err(ChainError::Missing(3)));
        assert_eq!(two.add(&row(2, hash)), Err(ChainError::Outside(2)));
        assert_eq!(two.add(&row(-1, hash)), Err(ChainError::Outside(-1)));
        assert_eq!(two.add(&row(3, EventHash::GENESIS)), Err(ChainError::Unlinked(3)));
        let good = row(3, hash);
        let changes: [fn(&mut ChainRow); 8] = [
            |row| row.at = None,
            |row| row.at = row.at.map(|at| at + chrono::TimeDelta::microseconds(1)),
            |row| row.actor_id = Some(1),
            |row| row.action.push('x'),
            |row| row.subject.clear(),
            |row| row.request_id.push('x'),
            |row| row.detail = "{ }".into(),
            |row| row.hash = None,
        ];
        for change in changes {
            let mut changed = good.clone();
            change(&mut changed);
            assert_eq!(two.add(&changed), Err(ChainError::Changed(3)), "{changed:?}");
        }
        assert_eq!(two.add(&good), Ok(two.hash));
    }

    #[test]
    fn the_last_event_must_match_the_head() {
        let (two, three) = (chain(2), chain(3));
        assert_eq!(two.end(head(&three)), Err(ChainError::Truncated(3)));
        assert_eq!(three.end(head(&two)), Err(ChainError::Outside(3)));
        let other = Head {
            id: 2,
            hash: Some(three.hash),
        };
        assert_eq!(two.end(Some(other)), Err(ChainError::HeadMismatch(2)));
        assert_eq!(two.end(None), Err(ChainError::NoHead));
    }
}

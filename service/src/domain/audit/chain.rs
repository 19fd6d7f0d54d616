//! Whether each event follows from the one before: the hashes are made again here, in another language and another
//! process than those that the database made.
use crate::db::audit::{ChainRow, Head};
use crate::types::event_hash::EventHash;
use sha2::{Digest, Sha256};

/// What is wrong with the chain, at the first place where something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// There is a gap.
    #[error("event {0} is missing")]
    Missing(i64),
    /// There is an event where none can be.
    #[error("event {0} stands outside the chain")]
    Outside(i64),
    /// Its hash is not that of its content.
    #[error("event {0} was changed")]
    Changed(i64),
    /// It names another predecessor than it has.
    #[error("event {0} does not follow from the one before it")]
    Unlinked(i64),
    /// The events end before the end that is written down.
    #[error("event {0} and all behind it are cut off")]
    CutOff(i64),
    /// The end that is written down has another hash.
    #[error("event {0} is not the end that audit.head tells of")]
    OtherEnd(i64),
    /// The end is not written down.
    #[error("audit.head is empty: whether events are cut off cannot be told")]
    NoHead,
    /// A hash that was written down elsewhere is not in the chain.
    #[error("no event has the hash that was given: the chain is not the one it was taken from")]
    NotInChain,
}

/// A chain that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// How many events there are, and the number of the last one.
    pub count: i64,
    /// The hash of the last one.
    pub head: EventHash,
}

/// The chain as far as it has been looked at.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    last: i64,
    hash: EventHash,
    wanted: Option<EventHash>,
}

impl Chain {
    /// No event yet. `wanted` must turn up as the hash of an event, or of the empty chain.
    pub fn begin(wanted: Option<EventHash>) -> Self {
        Self {
            last: 0,
            hash: EventHash::GENESIS,
            wanted: wanted.filter(|hash| *hash != EventHash::GENESIS),
        }
    }

    /// How many events were looked at.
    pub fn count(&self) -> i64 {
        self.last
    }

    /// Looks at the next event.
    pub fn add(&mut self, row: &ChainRow) -> Result<(), Broken> {
        let next = self.last + 1;
        if row.id > next {
            return Err(Broken::Missing(next));
        }
        if row.id < next {
            return Err(Broken::Outside(row.id));
        }
        if row.previous_hash != Some(self.hash) {
            return Err(Broken::Unlinked(row.id));
        }
        let hash = hash_of(row, self.hash).filter(|hash| row.hash == Some(*hash));
        self.hash = hash.ok_or(Broken::Changed(row.id))?;
        self.last = row.id;
        self.wanted = self.wanted.filter(|wanted| *wanted != self.hash);
        Ok(())
    }

    /// Compares the end with the one that is written down.
    pub fn end(self, head: Option<Head>) -> Result<Whole, Broken> {
        let head = head.ok_or(Broken::NoHead)?;
        if head.id > self.last {
            return Err(Broken::CutOff(self.last + 1));
        }
        if head.id < self.last {
            return Err(Broken::Outside(head.id + 1));
        }
        if head.hash != Some(self.hash) {
            return Err(Broken::OtherEnd(self.last));
        }
        match self.wanted {
            Some(_) => Err(Broken::NotInChain),
            None => Ok(Whole {
                count: self.last,
                head: self.hash,
            }),
        }
    }
}

/// SHA-256 over the hash of the one before and the event's lines, as `audit.append` takes it. A line end within a field
/// would make one line more than any event has: no two events have the same bytes.
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

    /// A chain of so many events, looked at.
    fn chain(count: i64, wanted: Option<EventHash>) -> Chain {
        let mut chain = Chain::begin(wanted);
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
    fn a_whole_chain_tells_its_length_and_its_end() {
        for count in [0, 1, 3] {
            let whole = chain(count, None);
            let end = whole.end(head(&whole)).unwrap();
            assert_eq!((end.count, end.head), (count, whole.hash));
        }
        assert_eq!(chain(0, None).hash, EventHash::GENESIS);
    }

    #[test]
    fn every_kind_of_break_names_its_place() {
        let mut two = chain(2, None);
        let hash = two.hash;
        assert_eq!(two.add(&row(4, hash)), Err(Broken::Missing(3)));
        assert_eq!(two.add(&row(2, hash)), Err(Broken::Outside(2)));
        assert_eq!(two.add(&row(-1, hash)), Err(Broken::Outside(-1)));
        assert_eq!(two.add(&row(3, EventHash::GENESIS)), Err(Broken::Unlinked(3)));
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
            assert_eq!(two.add(&changed), Err(Broken::Changed(3)), "{changed:?}");
        }
        assert_eq!(two.add(&good), Ok(()));
    }

    #[test]
    fn the_end_must_be_the_one_that_is_written_down() {
        let (two, three) = (chain(2, None), chain(3, None));
        assert_eq!(two.end(head(&three)), Err(Broken::CutOff(3)));
        assert_eq!(three.end(head(&two)), Err(Broken::Outside(3)));
        let other = Head {
            id: 2,
            hash: Some(three.hash),
        };
        assert_eq!(two.end(Some(other)), Err(Broken::OtherEnd(2)));
        assert_eq!(two.end(None), Err(Broken::NoHead));
    }

    #[test]
    fn a_hash_from_elsewhere_must_turn_up() {
        for (wanted, found) in [
            (EventHash::GENESIS, true),
            (chain(1, None).hash, true),
            (chain(3, None).hash, true),
            (chain(4, None).hash, false),
        ] {
            let three = chain(3, Some(wanted));
            assert_eq!(three.end(head(&three)).is_ok(), found, "{wanted}");
        }
    }
}

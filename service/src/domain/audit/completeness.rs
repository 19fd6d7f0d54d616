//! Whether the chain contains what was recorded outside of the database. A chain can be consistent and yet lack its end, or
//! be another one.

use super::anchor::Anchor;
use crate::types::event_hash::EventHash;
use std::collections::BTreeMap;

/// What the chain must contain.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The anchors that are not found yet, by id.
    anchors: BTreeMap<i64, Vec<Anchor>>,
    /// The hash given with `--head`, until it is found.
    head: Option<EventHash>,
    given: u64,
    newest: Option<Anchor>,
    first_contradiction: Option<Anchor>,
}

/// The verdict on a consistent chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing was given to compare with.
    Unknown,
    /// The chain contains everything that was recorded.
    Complete {
        /// The number of anchors and hashes.
        given: u64,
        /// The anchor of the newest event.
        newest: Option<Anchor>,
    },
    /// It does not.
    Incomplete(IncompleteError),
}

/// What the chain lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IncompleteError {
    /// The recorded event does not exist any more.
    #[error("event {id}, recorded at {at}, and all later ones are missing", id = .0.id, at = .0.at)]
    Missing(Anchor),
    /// The event of this id is another one.
    #[error("event {id} is not the one recorded at {at}: the chain was rebuilt", id = .0.id, at = .0.at)]
    Rebuilt(Anchor),
    /// The given hash does not occur.
    #[error("no event has the given hash: this is not the chain it was taken from")]
    NotInChain,
}

impl Expected {
    /// Expects an anchor's event.
    pub fn add_anchor(&mut self, anchor: Anchor) {
        self.given += 1;
        if self.newest.is_none_or(|newest| newest.id <= anchor.id) {
            self.newest = Some(anchor);
        }
        match anchor.id {
            0 if anchor.hash == EventHash::GENESIS => {}
            id => self.anchors.entry(id).or_default().push(anchor),
        }
    }

    /// Expects an event, or the empty chain, with this hash.
    pub fn set_head(&mut self, head: EventHash) {
        self.given += 1;
        self.head = Some(head).filter(|head| *head != EventHash::GENESIS);
    }

    /// Compares the next event of the chain.
    pub fn compare(&mut self, id: i64, hash: EventHash) {
        self.head = self.head.filter(|head| *head != hash);
        let same_id = self.anchors.remove(&id).unwrap_or_default();
        let other = same_id.into_iter().find(|anchor| anchor.hash != hash);
        self.first_contradiction = self.first_contradiction.or(other);
    }

    /// The verdict at the end of the chain.
    pub fn verdict(self) -> Completeness {
        if let Some(anchor) = self.first_contradiction {
            return Completeness::Incomplete(IncompleteError::Rebuilt(anchor));
        }
        let missing = self.anchors.into_values().flatten().next();
        if let Some(anchor) = missing {
            return Completeness::Incomplete(IncompleteError::Missing(anchor));
        }
        if self.head.is_some() {
            return Completeness::Incomplete(IncompleteError::NotInChain);
        }
        match self.given {
            0 => Completeness::Unknown,
            given => Completeness::Complete {
                given,
                newest: self.newest,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::clock;

    fn hash(byte: u8) -> EventHash {
        EventHash::of(&[byte; 32]).unwrap()
    }

    fn anchor(id: i64, byte: u8) -> Anchor {
        Anchor {
            at: clock::now(),
            id,
            hash: hash(byte),
        }
    }

    /// The verdict of a chain of three events.
    fn verdict(anchors: &[Anchor], head: Option<EventHash>) -> Completeness {
        let mut expected = Expected::default();
        anchors.iter().for_each(|anchor| expected.add_anchor(*anchor));
        head.into_iter().for_each(|head| expected.set_head(head));
        (1..=3).for_each(|id| expected.compare(id, hash(u8::try_from(id).unwrap())));
        expected.verdict()
    }

    #[test]
    fn a_chain_is_complete_if_it_contains_everything_recorded() {
        assert_eq!(verdict(&[], None), Completeness::Unknown);
        let empty = Anchor {
            hash: EventHash::GENESIS,
            ..anchor(0, 0)
        };
        let newest = anchor(3, 3);
        let complete = verdict(&[newest, empty, anchor(2, 2), anchor(2, 2)], Some(hash(1)));
        let expected = Completeness::Complete {
            given: 5,
            newest: Some(newest),
        };
        assert_eq!(complete, expected);
        assert!(matches!(
            verdict(&[], Some(EventHash::GENESIS)),
            Completeness::Complete { .. }
        ));
    }

    #[test]
    fn a_shortened_or_rebuilt_chain_is_incomplete() {
        let late = anchor(4, 4);
        let missing = Completeness::Incomplete(IncompleteError::Missing(late));
        assert_eq!(verdict(&[anchor(3, 3), anchor(6, 6), late], None), missing);
        let other = anchor(2, 9);
        let rebuilt = Completeness::Incomplete(IncompleteError::Rebuilt(other));
        assert_eq!(verdict(&[anchor(2, 2), other, late], None), rebuilt);
        let foreign = Completeness::Incomplete(IncompleteError::NotInChain);
        assert_eq!(verdict(&[], Some(hash(9))), foreign);
    }
}

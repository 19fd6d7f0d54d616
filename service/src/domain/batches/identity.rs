//! The identity of a batch: what it states, whatever file states it. Equal regions, ports and prices have equal
//! identities, in any order, from CSV or a dump, because a table has no order and pg_dump promises none.
//!
//! The hashes of the prices are added modulo 2^256 (AdHash, Bellare and Micciancio 1997), so memory does not grow with
//! their number. An author of colliding files gains nothing: the second one would not be stored.

use super::row::Price;
use crate::db::batches::NewPlace;
use crate::types::day::Day;
use chrono::Datelike;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Distinguishes this encoding from others, and identities from digests of whole files.
const DOMAIN: &[u8] = b"portcullis batch 1\n";

/// The prices of a batch, summed up by day, so that the prices of a day can be deleted.
#[derive(Debug, Default)]
pub struct Prices {
    days: BTreeMap<Day, Sum>,
    current: Option<(Day, Sum)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    /// The sum of the hashes, lowest word first.
    hashes: [u64; 4],
}

impl Prices {
    /// Adds a price.
    pub fn add(&mut self, price: &Price) {
        let hash = hash(price);
        // Prices are usually ordered by day, which saves the look-up.
        match &mut self.current {
            Some((day, sum)) if *day == price.day => sum.add(hash),
            _ => {
                self.flush();
                let mut sum = self.days.get(&price.day).copied().unwrap_or_default();
                sum.add(hash);
                self.current = Some((price.day, sum));
            }
        }
    }

    /// Deletes the prices of a day.
    pub fn delete(&mut self, day: Day) {
        self.flush();
        self.days.remove(&day);
    }

    /// The number of prices.
    pub fn count(&mut self) -> u64 {
        self.flush();
        self.days.values().map(|sum| sum.count).sum()
    }

    /// The identity of these prices with these places.
    pub fn identity(&mut self, regions: &[NewPlace], ports: &[NewPlace]) -> [u8; 32] {
        self.flush();
        let mut digest = Sha256::new();
        digest.update(DOMAIN);
        for places in [regions, ports] {
            let mut places: Vec<&NewPlace> = places.iter().collect();
            places.sort_by(|a, b| a.key.cmp(&b.key));
            number(&mut digest, places.len() as u64);
            for place in places {
                text(&mut digest, &place.key);
                text(&mut digest, &place.name);
                number(&mut digest, u64::from(place.parent_slug.is_some()));
                text(&mut digest, place.parent_slug.as_deref().unwrap_or_default());
            }
        }
        number(&mut digest, self.days.len() as u64);
        for (day, sum) in &self.days {
            digest.update(day.date().num_days_from_ce().to_be_bytes());
            number(&mut digest, sum.count);
            sum.hashes.iter().for_each(|word| number(&mut digest, *word));
        }
        digest.finalize().into()
    }

    fn flush(&mut self) {
        if let Some((day, sum)) = self.current.take() {
            self.days.insert(day, sum);
        }
    }
}

impl Sum {
    fn add(&mut self, hash: [u8; 32]) {
        self.count += 1;
        let mut carry = false;
        for (word, bytes) in self.hashes.iter_mut().zip(hash.as_chunks::<8>().0) {
            let (sum, first) = word.overflowing_add(u64::from_le_bytes(*bytes));
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, first || second);
        }
    }
}

/// The encoding has a fixed length: codes have five bytes.
fn hash(price: &Price) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(price.orig_code.as_str());
    digest.update(price.dest_code.as_str());
    digest.update(price.day.date().num_days_from_ce().to_be_bytes());
    digest.update(price.price.to_be_bytes());
    digest.finalize().into()
}

fn number(digest: &mut Sha256, number: u64) {
    digest.update(number.to_be_bytes());
}

fn text(digest: &mut Sha256, text: &str) {
    number(digest, text.len() as u64);
    digest.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::batches::row::price;

    fn prices(rows: &[[&str; 4]]) -> Prices {
        let mut prices = Prices::default();
        rows.iter().for_each(|row| prices.add(&price(1, *row).unwrap()));
        prices
    }

    fn place(key: &str, parent: Option<&str>) -> NewPlace {
        NewPlace {
            key: key.to_owned(),
            name: "Name".to_owned(),
            parent_slug: parent.map(str::to_owned),
        }
    }

    const A: [&str; 4] = ["CNGGZ", "EETLL", "2021-01-01", "1"];
    const B: [&str; 4] = ["CNGGZ", "EETLL", "2021-01-02", "1"];
    const C: [&str; 4] = ["EETLL", "CNGGZ", "2021-01-01", "1"];

    #[test]
    fn order_is_irrelevant_and_everything_else_counts() {
        let of = |rows: &[[&str; 4]]| prices(rows).identity(&[], &[]);
        assert_eq!(of(&[A, B, C, A]), of(&[C, A, A, B]));
        let all = [
            of(&[]),
            of(&[A]),
            of(&[A, A]),
            of(&[B]),
            of(&[C]),
            of(&[A, B]),
            of(&[A, C]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{index}");
        }
        let (world, asia) = (place("world", None), place("asia", Some("world")));
        let with = |regions: &[NewPlace], ports: &[NewPlace]| prices(&[A]).identity(regions, ports);
        assert_eq!(
            with(&[world.clone(), asia.clone()], &[]),
            with(&[asia.clone(), world.clone()], &[])
        );
        assert_ne!(
            with(std::slice::from_ref(&world), &[]),
            with(&[], std::slice::from_ref(&world))
        );
        assert_ne!(with(&[asia], &[]), with(&[place("asia", None)], &[]));
        assert_ne!(with(&[world], &[]), of(&[A]));
    }

    #[test]
    fn deleting_a_day_equals_never_adding_it() {
        let mut all = prices(&[A, B, C]);
        all.delete(Day::parse("2021-01-01").unwrap());
        assert_eq!(all.count(), 1);
        assert_eq!(all.identity(&[], &[]), prices(&[B]).identity(&[], &[]));
    }
}

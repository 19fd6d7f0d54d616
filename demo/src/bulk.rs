//! Any number of prices as CSV, in day order, as an ingest would bring them; the same ports as the dump.

use std::io::{self, Write};

use crate::{
    calendar::day_text,
    market::{base_price, price, route_seed},
    ports::{Port, ports},
    random::mix,
};

/// Fewer days than this are not used while there are routes to leave out, so that a month's query finds a month's
/// prices at every size, and sizes can be compared.
const LEAST_DAYS: u64 = 62;

/// About three years; beyond, a route gets more offers a day rather than more days.
const MOST_DAYS: u64 = 1_096;

const LEAST_OFFERS: u64 = 3;

/// How a number of prices is laid out: `offers` a day on each of `routes`, for `days` days from 2021-01-01; the last
/// day may be cut short.
///
/// ```
/// let month = demo::Bulk::of(50_000);
/// assert_eq!((month.routes().len(), month.offers(), month.days()), (268, 3, 63));
/// ```
#[derive(Debug, Clone)]
pub struct Bulk {
    prices: u64,
    offers: u64,
    pairs: Vec<(&'static Port, &'static Port)>,
}

impl Bulk {
    /// The layout for `prices` rows: all ordered pairs of ports when that leaves enough days, else as many of them.
    #[must_use]
    pub fn of(prices: u64) -> Self {
        let mut pairs: Vec<(&Port, &Port)> = ports()
            .iter()
            .flat_map(|orig| ports().iter().map(move |dest| (orig, dest)))
            .filter(|(orig, dest)| orig.code != dest.code)
            .collect();
        // Shuffled, so that a part of the routes is no corner of the map, and neighbours in the file are none in an index.
        pairs.sort_by_key(|(orig, dest)| mix(route_seed(orig.code, dest.code)));
        let routes = (prices / (LEAST_DAYS * LEAST_OFFERS)).max(1);
        pairs.truncate(usize::try_from(routes).unwrap_or(usize::MAX));
        let offers = prices.div_ceil(count(&pairs) * MOST_DAYS).max(LEAST_OFFERS);
        Self {
            prices,
            offers,
            pairs,
        }
    }

    /// Origin and destination of each route, in the order of a day's rows.
    #[must_use]
    pub fn routes(&self) -> Vec<(&'static str, &'static str)> {
        self.pairs
            .iter()
            .map(|(orig, dest)| (orig.code, dest.code))
            .collect()
    }

    /// Days with prices, the last one perhaps not on every route.
    #[must_use]
    pub fn days(&self) -> u32 {
        let days = self.prices.div_ceil(count(&self.pairs) * self.offers);
        u32::try_from(days).unwrap_or(u32::MAX)
    }

    /// Prices of one route on one day.
    #[must_use]
    pub fn offers(&self) -> u64 {
        self.offers
    }

    /// Writes the header and the rows.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"orig_code,dest_code,day,price\n")?;
        let routes: Vec<(String, u64, u64)> = self
            .pairs
            .iter()
            .map(|(orig, dest)| {
                let codes = format!("{},{},", orig.code, dest.code);
                (codes, route_seed(orig.code, dest.code), base_price(orig, dest))
            })
            .collect();
        let mut left = self.prices;
        for index in 0..self.days() {
            let day = day_text(index);
            for (codes, seed, base) in &routes {
                for offer in 0..self.offers.min(left) {
                    writeln!(out, "{codes}{day},{}", price(*seed, *base, index, offer))?;
                }
                left = left.saturating_sub(self.offers);
            }
        }
        Ok(())
    }
}

fn count(pairs: &[(&Port, &Port)]) -> u64 {
    u64::try_from(pairs.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_exactly_as_many_rows_as_asked_for_in_day_order() {
        for prices in [0, 1, 4, 50_000, 123_457] {
            let mut out = Vec::new();
            Bulk::of(prices).write_csv(&mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let days: Vec<&str> = text
                .lines()
                .skip(1)
                .map(|line| line.split(',').nth(2).unwrap())
                .collect();
            assert_eq!(u64::try_from(days.len()).unwrap(), prices);
            assert!(days.is_sorted());
        }
    }

    #[test]
    fn grows_in_routes_then_in_days_then_in_offers() {
        let layout = |prices| {
            let bulk = Bulk::of(prices);
            (bulk.routes().len(), bulk.days(), bulk.offers())
        };
        assert_eq!(layout(10_000_000), (6_006, 556, 3));
        let (routes, days, offers) = layout(100_000_000);
        assert!(routes == 6_006 && days <= 1_096 && offers > 3);
    }
}

//! Any number of prices as CSV, in day order like real imports; the same ports as the dump.

use std::io::{self, Write};

use crate::{
    calendar::day_text,
    market::{base_price, price, route_seed},
    ports::{Port, ports},
    random::mix,
};

/// Routes are dropped before the days fall below this number, so that a query for a month finds a month of prices at every
/// size, and sizes can be compared.
const MIN_DAYS: u64 = 62;

/// About three years; larger sizes have more offers per day rather than more days.
const MAX_DAYS: u64 = 1_096;

const MIN_OFFERS: u64 = 3;

/// The layout of a number of prices: `offers` per day on each of `routes`, for `days` days from 2021-01-01; the last
/// day may be incomplete.
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
    /// The layout for `prices` rows: all ordered pairs of ports if that leaves enough days, else as many pairs as possible.
    pub fn of(prices: u64) -> Self {
        let mut pairs = all_pairs();
        let routes = (prices / (MIN_DAYS * MIN_OFFERS)).max(1);
        pairs.truncate(usize::try_from(routes).unwrap_or(usize::MAX));
        let offers = prices.div_ceil(count(&pairs) * MAX_DAYS).max(MIN_OFFERS);
        Self {
            prices,
            offers,
            pairs,
        }
    }

    /// The layout for `prices` rows over this many routes and two months, with as many offers per day as that takes.
    ///
    /// ```
    /// let many = demo::Bulk::over_routes(1_000_000, 725);
    /// assert_eq!((many.routes().len(), many.offers(), many.days()), (725, 23, 60));
    /// ```
    pub fn over_routes(prices: u64, routes: usize) -> Self {
        let mut pairs = all_pairs();
        pairs.truncate(routes);
        Self {
            prices,
            offers: prices.div_ceil(count(&pairs) * MIN_DAYS).max(1),
            pairs,
        }
    }

    /// Origin and destination of each route, in the order of a day's rows.
    pub fn routes(&self) -> Vec<(&'static str, &'static str)> {
        self.pairs
            .iter()
            .map(|(orig, dest)| (orig.code, dest.code))
            .collect()
    }

    /// Days with prices; the last one may not cover every route.
    pub fn days(&self) -> u32 {
        let days = self.prices.div_ceil(count(&self.pairs) * self.offers);
        u32::try_from(days).unwrap_or(u32::MAX)
    }

    /// Prices per route and day.
    pub fn offers(&self) -> u64 {
        self.offers
    }

    /// Writes the header and the rows.
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

/// All ordered pairs of ports, shuffled: a subset covers the whole map, and adjacent rows are not adjacent in an index.
fn all_pairs() -> Vec<(&'static Port, &'static Port)> {
    let mut pairs: Vec<(&Port, &Port)> = ports()
        .iter()
        .flat_map(|orig| ports().iter().map(move |dest| (orig, dest)))
        .filter(|(orig, dest)| orig.code != dest.code)
        .collect();
    pairs.sort_by_key(|(orig, dest)| mix(route_seed(orig.code, dest.code)));
    pairs
}

fn count(pairs: &[(&Port, &Port)]) -> u64 {
    u64::try_from(pairs.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requested_number_of_rows_is_written_in_day_order() {
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
    fn larger_sizes_have_more_routes_then_days_then_offers() {
        let layout = |prices| {
            let bulk = Bulk::of(prices);
            (bulk.routes().len(), bulk.days(), bulk.offers())
        };
        assert_eq!(layout(10_000_000), (6_006, 556, 3));
        let (routes, days, offers) = layout(100_000_000);
        assert!(routes == 6_006 && days <= 1_096 && offers > 3);
    }
}

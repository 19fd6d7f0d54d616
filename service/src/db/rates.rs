//! Daily sums and counts of prices: one statement answers a batch of lookups.

use super::Db;
use super::error::DbError;
use super::executor::batch::Batcher;
use super::places;
use crate::types::day::DayRange;
use crate::types::place::Place;
use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text};
use std::cmp::Reverse;

/// Sum and count of one day's prices between two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyRateRow {
    /// The day.
    pub day: NaiveDate,
    /// Sum in whole US dollars.
    pub price_sum: i64,
    /// Number of prices, 1 or more.
    pub price_count: i64,
}

/// Key of a lookup.
#[derive(Clone, Debug)]
pub struct RatesKey {
    /// Origin.
    pub origin: Place,
    /// Destination.
    pub destination: Place,
    /// Days.
    pub days: DayRange,
}

/// Result of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DailyRates {
    /// The days with prices, newest first. Both places exist.
    Found(Vec<DailyRateRow>),
    /// At least one place does not exist.
    Unknown {
        /// Whether the origin is unknown.
        origin: bool,
        /// Whether the destination is unknown.
        destination: bool,
    },
}

/// Batches rates lookups.
pub type RatesBatcher = Batcher<RatesKey, DailyRates>;

/// Type of `array_agg`, which is NULL for no rows.
type Numbers<T> = Nullable<Array<T>>;

/// Position of the key, starting at 1; the days, as offsets from its first day; their sums; their counts.
type ResultRow = (i32, Option<Vec<i32>>, Option<Vec<i64>>, Option<Vec<i64>>);

/// The statement behind `/rates`: one index-only scan per key, which returns one row of arrays. A row per day would cost
/// the client more than the scan costs the server. A query fragment rather than raw SQL, which diesel never caches as a
/// prepared statement.
#[derive(Debug, Clone, Default, QueryId)]
pub struct DailyRatesQuery {
    /// Origins, codes or slugs.
    pub origins: Vec<String>,
    /// Destinations, codes or slugs.
    pub destinations: Vec<String>,
    /// First days.
    pub from: Vec<NaiveDate>,
    /// Last days.
    pub to: Vec<NaiveDate>,
}

impl DailyRatesQuery {
    /// The statement for these keys.
    pub fn of(keys: &[&RatesKey]) -> Self {
        Self {
            origins: keys.iter().map(|key| key.origin.as_str().to_owned()).collect(),
            destinations: keys
                .iter()
                .map(|key| key.destination.as_str().to_owned())
                .collect(),
            from: keys.iter().map(|key| key.days.from().date()).collect(),
            to: keys.iter().map(|key| key.days.to().date()).collect(),
        }
    }
}

impl QueryFragment<Pg> for DailyRatesQuery {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT k.n::integer, d.offsets, d.sums, d.counts FROM unnest(");
        out.push_bind_param::<Array<Text>, _>(&self.origins)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.destinations)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Date>, _>(&self.from)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Date>, _>(&self.to)?;
        out.push_sql(
            ") WITH ORDINALITY AS k (origin, destination, date_from, date_to, n) CROSS JOIN LATERAL \
             (SELECT array_agg(r.day - k.date_from) AS offsets, array_agg(r.price_sum) AS sums, \
             array_agg(r.price_count) AS counts FROM rates.daily_rates AS r \
             WHERE r.origin = k.origin AND r.destination = k.destination \
             AND r.day BETWEEN k.date_from AND k.date_to) AS d",
        );
        Ok(())
    }
}

impl Query for DailyRatesQuery {
    type SqlType = (Integer, Numbers<Integer>, Numbers<BigInt>, Numbers<BigInt>);
}

impl RunQueryDsl<PgConnection> for DailyRatesQuery {}

/// Finds the days with prices between two places. Without a batcher the lookup is a statement of its own.
pub async fn list_daily_rates(
    db: &Db,
    batcher: Option<&RatesBatcher>,
    key: RatesKey,
) -> Result<DailyRates, DbError> {
    const WHAT: &str = "list_daily_rates";
    match batcher {
        Some(batcher) => db.batched(WHAT, batcher, key, find_batch).await,
        None => {
            let find =
                move |conn: &mut PgConnection| find_batch(conn, &[&key])?.pop().ok_or(diesel::NotFound);
            db.run(WHAT, find).await
        }
    }
}

fn find_batch(conn: &mut PgConnection, keys: &[&RatesKey]) -> QueryResult<Vec<DailyRates>> {
    let mut found: Vec<Vec<DailyRateRow>> = vec![Vec::new(); keys.len()];
    for (number, offsets, sums, counts) in DailyRatesQuery::of(keys).load::<ResultRow>(conn)? {
        let index = usize::try_from(number - 1).map_err(|_| diesel::NotFound)?;
        let (Some(key), Some(rows)) = (keys.get(index), found.get_mut(index)) else {
            return Err(diesel::NotFound);
        };
        *rows = rows_of(key.days.from().date(), offsets, sums, counts);
    }
    found
        .into_iter()
        .zip(keys)
        .map(|(rows, key)| to_result(conn, rows, key))
        .collect()
}

/// The rows of the arrays of one lookup, in their order. The days are offsets from the first one.
pub(super) fn rows_of(
    first: NaiveDate,
    offsets: Option<Vec<i32>>,
    sums: Option<Vec<i64>>,
    counts: Option<Vec<i64>>,
) -> Vec<DailyRateRow> {
    let numbers = sums
        .unwrap_or_default()
        .into_iter()
        .zip(counts.unwrap_or_default());
    let days = offsets.unwrap_or_default().into_iter();
    days.zip(numbers)
        .map(|(offset, (price_sum, price_count))| DailyRateRow {
            day: first + chrono::TimeDelta::days(offset.into()),
            price_sum,
            price_count,
        })
        .collect()
}

/// Checks whether the places exist only if there are no prices.
fn to_result(
    conn: &mut PgConnection,
    mut rows: Vec<DailyRateRow>,
    key: &RatesKey,
) -> QueryResult<DailyRates> {
    if rows.is_empty() {
        let unknown = (
            !places::exists(conn, &key.origin)?,
            !places::exists(conn, &key.destination)?,
        );
        if let (origin, destination) = unknown
            && (origin || destination)
        {
            return Ok(DailyRates::Unknown { origin, destination });
        }
    }
    // Index order in practice, but SQL guarantees no order within an aggregate.
    rows.sort_unstable_by_key(|row| Reverse(row.day));
    Ok(DailyRates::Found(rows))
}

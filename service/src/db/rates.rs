//! The sums that rates are made of: one statement for all look-ups that wait at the same time.
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

/// What is looked up.
#[derive(Clone, Debug)]
pub struct RatesKey {
    /// Code or slug.
    pub origin: Place,
    /// Code or slug.
    pub destination: Place,
    /// The days.
    pub days: DayRange,
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DailyRates {
    /// The days that have prices, newest first. Both places exist.
    Found(Vec<DailyRateRow>),
    /// A place that does not exist.
    Unknown {
        /// Whether it is the origin.
        origin: bool,
        /// Whether it is the destination.
        destination: bool,
    },
}

/// The look-ups that wait.
pub type RatesBatcher = Batcher<RatesKey, DailyRates>;

/// What `array_agg` makes: no array where there are no rows.
type Numbers<T> = Nullable<Array<T>>;

/// A key's number from 1; its days as days after the first day asked for; their sums; their counts.
type Found = (i32, Option<Vec<i32>>, Option<Vec<i64>>, Option<Vec<i64>>);

/// The statement behind `/rates`: for each key (a position in the arrays) an index-only scan, and one row of arrays: a
/// row a day costs the client more than the scan costs the server. Written as a fragment of the query builder, because
/// raw SQL would not be prepared once a connection.
#[derive(Debug, Clone, Default, QueryId)]
pub struct BetweenAll {
    /// Codes or slugs.
    pub origins: Vec<String>,
    /// Codes or slugs.
    pub destinations: Vec<String>,
    /// First days.
    pub from: Vec<NaiveDate>,
    /// Last days.
    pub to: Vec<NaiveDate>,
}

impl BetweenAll {
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

impl QueryFragment<Pg> for BetweenAll {
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

impl Query for BetweenAll {
    type SqlType = (Integer, Numbers<Integer>, Numbers<BigInt>, Numbers<BigInt>);
}

impl RunQueryDsl<PgConnection> for BetweenAll {}

/// The days with prices between two places.
pub async fn list_daily_rates(db: &Db, batcher: &RatesBatcher, key: RatesKey) -> Result<DailyRates, DbError> {
    db.batched("list_daily_rates", batcher, key, answer_all).await
}

fn answer_all(conn: &mut PgConnection, keys: &[&RatesKey]) -> QueryResult<Vec<DailyRates>> {
    let mut found: Vec<Vec<DailyRateRow>> = vec![Vec::new(); keys.len()];
    for (number, offsets, sums, counts) in BetweenAll::of(keys).load::<Found>(conn)? {
        let place = usize::try_from(number - 1).map_err(|_| diesel::NotFound)?;
        let (Some(key), Some(rows)) = (keys.get(place), found.get_mut(place)) else {
            return Err(diesel::NotFound);
        };
        let (first, offsets) = (key.days.from().date(), offsets.unwrap_or_default());
        let numbers = sums
            .unwrap_or_default()
            .into_iter()
            .zip(counts.unwrap_or_default());
        rows.extend(
            offsets
                .into_iter()
                .zip(numbers)
                .map(|(offset, (price_sum, price_count))| DailyRateRow {
                    day: first + chrono::TimeDelta::days(offset.into()),
                    price_sum,
                    price_count,
                }),
        );
    }
    found
        .into_iter()
        .zip(keys)
        .map(|(rows, key)| settle(conn, rows, key))
        .collect()
}

/// Whether the places exist is asked only when there is no price at all.
fn settle(conn: &mut PgConnection, mut rows: Vec<DailyRateRow>, key: &RatesKey) -> QueryResult<DailyRates> {
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
    // They come as the index has them; SQL promises no order within an aggregate that asks for none.
    rows.sort_unstable_by_key(|row| Reverse(row.day));
    Ok(DailyRates::Found(rows))
}

//! Daily sums of many lanes, part by part from one snapshot: a cursor, so that neither side holds the whole answer.

use super::Db;
use super::data_version;
use super::executor::StreamLimits;
use super::executor::parts::{PartSender, Parts};
use super::places;
use super::rates::{DailyRateRow, DailyRates, DailyRatesQuery, RatesKey, rows_of};
use crate::types::data_version::DataVersion;
use crate::types::day::DayRange;
use crate::types::place::Place;
use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

/// Days of all lanes of one part: their rows and their text have about 300 KiB together.
const MAX_DAYS_OF_PART: u64 = 4096;

/// Maximum number of lanes of one part.
const MAX_LANES_OF_PART: u64 = 1024;

/// How long the caller of [`stream_lanes`] may take. A few slow clients must not hold all connections: the largest answer has 30 MB.
const LANES_LIMITS: StreamLimits = StreamLimits {
    max_duration: Duration::from_secs(120),
    contended_duration: Duration::from_secs(10),
};

/// How long the caller of [`stream_export`] may take. Exports use at most half of the connections.
const EXPORT_LIMITS: StreamLimits = StreamLimits {
    max_duration: Duration::from_secs(900),
    contended_duration: Duration::from_secs(900),
};

/// What is exported.
#[derive(Clone, Debug)]
pub struct ExportKey {
    /// Only lanes from this port, or from the ports of this region.
    pub origin: Option<Place>,
    /// Only lanes to this port, or to the ports of this region.
    pub destination: Option<Place>,
    /// Days.
    pub days: DayRange,
}

/// A lane between two ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedLane {
    /// Code of the port of loading.
    pub origin: String,
    /// Code of the port of discharge.
    pub destination: String,
    /// The days with prices, oldest first.
    pub rows: Vec<DailyRateRow>,
}

/// A part of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportPart {
    /// Nothing is exported: a place does not exist.
    Unknown {
        /// Whether the origin is unknown.
        origin: bool,
        /// Whether the destination is unknown.
        destination: bool,
    },
    /// The places exist: the first part.
    Begun(DataVersion),
    /// Lanes with prices, by the codes of their ports.
    Lanes(Vec<ExportedLane>),
}

/// Looks up many lanes; the parts have the lanes in the order of the keys, which all have the same days.
pub fn stream_lanes(db: &Db, keys: Vec<RatesKey>) -> Parts<Vec<DailyRates>> {
    db.stream("list_rates_of_lanes", LANES_LIMITS, move |conn, parts| {
        send_lanes(conn, &keys, parts)
    })
}

/// Exports all lanes between ports.
pub fn stream_export(db: &Db, key: ExportKey) -> Parts<ExportPart> {
    db.stream("export_rates", EXPORT_LIMITS, move |conn, parts| {
        send_export(conn, &key, parts)
    })
}

/// Opens the cursor over the lanes, in their order.
#[derive(QueryId)]
struct DeclareLanes(DailyRatesQuery);

impl QueryFragment<Pg> for DeclareLanes {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("DECLARE part NO SCROLL CURSOR FOR ");
        self.0.walk_ast(out.reborrow())?;
        // The function scan has this order already, so nothing is sorted.
        out.push_sql(" ORDER BY k.n");
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for DeclareLanes {}

/// Opens the cursor over the lanes of an export: one index-only scan for each lane, as in [`DailyRatesQuery`].
struct DeclareExport<'a> {
    from: NaiveDate,
    to: NaiveDate,
    origin: Option<&'a str>,
    destination: Option<&'a str>,
}

/// The text depends on the places.
impl QueryId for DeclareExport<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for DeclareExport<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "DECLARE part NO SCROLL CURSOR FOR SELECT l.orig_code AS origin, l.dest_code AS destination, d.offsets, d.sums, \
             d.counts FROM (SELECT r.orig_code, r.dest_code FROM rates.routes AS r WHERE true",
        );
        for (column, place) in [("r.orig_code", &self.origin), ("r.dest_code", &self.destination)] {
            if let Some(place) = place {
                out.push_sql(" AND ");
                out.push_sql(column);
                out.push_sql(" IN (SELECT a.place FROM rates.place_ancestors AS a WHERE a.ancestor = ");
                out.push_bind_param::<Text, _>(place)?;
                out.push_sql(")");
            }
        }
        // OFFSET keeps the order: without it the planner could merge the subquery and lose it.
        out.push_sql(
            " ORDER BY r.orig_code, r.dest_code OFFSET 0) AS l CROSS JOIN LATERAL (SELECT array_agg(r.day - ",
        );
        out.push_bind_param::<Date, _>(&self.from)?;
        out.push_sql(
            ") AS offsets, array_agg(r.price_sum) AS sums, array_agg(r.price_count) AS counts FROM rates.daily_rates AS r \
             WHERE r.origin = l.orig_code AND r.destination = l.dest_code AND r.day BETWEEN ",
        );
        out.push_bind_param::<Date, _>(&self.from)?;
        out.push_sql(" AND ");
        out.push_bind_param::<Date, _>(&self.to)?;
        out.push_sql(") AS d WHERE d.offsets IS NOT NULL");
        out.unsafe_to_cache_prepared();
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for DeclareExport<'_> {}

#[derive(QueryableByName)]
struct LaneRow {
    #[diesel(sql_type = Integer)]
    n: i32,
    #[diesel(sql_type = Nullable<Array<Integer>>)]
    offsets: Option<Vec<i32>>,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    sums: Option<Vec<i64>>,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    counts: Option<Vec<i64>>,
}

#[derive(QueryableByName)]
struct ExportRow {
    #[diesel(sql_type = Text)]
    origin: String,
    #[diesel(sql_type = Text)]
    destination: String,
    #[diesel(sql_type = Array<Integer>)]
    offsets: Vec<i32>,
    #[diesel(sql_type = Array<BigInt>)]
    sums: Vec<i64>,
    #[diesel(sql_type = Array<BigInt>)]
    counts: Vec<i64>,
}

/// The statement that takes the lanes of one part from the cursor.
fn fetch(days: DayRange) -> String {
    let lanes = (MAX_DAYS_OF_PART / days.len()).clamp(1, MAX_LANES_OF_PART);
    format!("FETCH FORWARD {lanes} FROM part")
}

fn send_lanes(
    conn: &mut PgConnection,
    keys: &[RatesKey],
    parts: &mut PartSender<Vec<DailyRates>>,
) -> QueryResult<()> {
    let Some(first) = keys.first() else { return Ok(()) };
    DeclareLanes(DailyRatesQuery::of(&keys.iter().collect::<Vec<_>>())).execute(conn)?;
    let fetch = fetch(first.days);
    let mut left = keys;
    while !left.is_empty() {
        let rows = diesel::sql_query(&fetch).load::<LaneRow>(conn)?;
        let (keys_of_part, rest) = left.split_at_checked(rows.len()).ok_or(diesel::NotFound)?;
        let done = keys.len() - left.len();
        let in_order = rows
            .iter()
            .zip(done + 1..)
            .all(|(row, n)| usize::try_from(row.n) == Ok(n));
        if rows.is_empty() || !in_order {
            return Err(diesel::NotFound);
        }
        let found = rows.into_iter().zip(keys_of_part).map(|(row, key)| {
            let mut rows = rows_of(key.days.from().date(), row.offsets, row.sums, row.counts);
            rows.sort_unstable_by_key(|row| Reverse(row.day));
            rows
        });
        parts.send(with_unknown(conn, keys_of_part, found.collect())?)?;
        left = rest;
    }
    Ok(())
}

/// Checks whether the places exist only where there are no prices.
fn with_unknown(
    conn: &mut PgConnection,
    keys: &[RatesKey],
    found: Vec<Vec<DailyRateRow>>,
) -> QueryResult<Vec<DailyRates>> {
    let without_rows = keys.iter().zip(&found).filter(|(_, rows)| rows.is_empty());
    let doubtful: HashSet<&str> = without_rows
        .flat_map(|(key, _)| [key.origin.as_str(), key.destination.as_str()])
        .collect();
    let known: HashSet<String> = if doubtful.is_empty() {
        HashSet::new()
    } else {
        let doubtful: Vec<&str> = doubtful.into_iter().collect();
        places::list_existing(conn, &doubtful)?.into_iter().collect()
    };
    let to_rates = |(key, rows): (&RatesKey, Vec<DailyRateRow>)| {
        if !rows.is_empty() {
            return DailyRates::Found(rows);
        }
        let is_unknown = |place: &Place| !known.contains(place.as_str());
        match (is_unknown(&key.origin), is_unknown(&key.destination)) {
            (false, false) => DailyRates::Found(rows),
            (origin, destination) => DailyRates::Unknown { origin, destination },
        }
    };
    Ok(keys.iter().zip(found).map(to_rates).collect())
}

fn send_export(
    conn: &mut PgConnection,
    key: &ExportKey,
    parts: &mut PartSender<ExportPart>,
) -> QueryResult<()> {
    let mut is_unknown = |place: &Option<Place>| match place {
        Some(place) => places::exists(conn, place).map(|exists| !exists),
        None => Ok(false),
    };
    let (origin, destination) = (is_unknown(&key.origin)?, is_unknown(&key.destination)?);
    if origin || destination {
        return parts.send(ExportPart::Unknown { origin, destination });
    }
    parts.send(ExportPart::Begun(data_version::read(conn)?))?;
    let first = key.days.from().date();
    let declare = DeclareExport {
        from: first,
        to: key.days.to().date(),
        origin: key.origin.as_ref().map(Place::as_str),
        destination: key.destination.as_ref().map(Place::as_str),
    };
    declare.execute(conn)?;
    let fetch = fetch(key.days);
    loop {
        let rows = diesel::sql_query(&fetch).load::<ExportRow>(conn)?;
        if rows.is_empty() {
            return Ok(());
        }
        let lanes = rows.into_iter().map(|row| {
            let mut rows = rows_of(first, Some(row.offsets), Some(row.sums), Some(row.counts));
            // In this order already, but SQL guarantees no order within an aggregate.
            rows.sort_unstable_by_key(|row| row.day);
            ExportedLane {
                origin: row.origin,
                destination: row.destination,
                rows,
            }
        });
        parts.send(ExportPart::Lanes(lanes.collect()))?;
    }
}

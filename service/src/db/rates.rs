//! The sums that rates are made of.
use super::error::DbError;
use super::schema::rates::daily_rates;
use super::{Db, places};
use crate::types::day::DayRange;
use crate::types::place::Place;
use chrono::NaiveDate;
use diesel::prelude::*;

/// Sum and count of one day's prices between two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct DailyRateRow {
    /// The day.
    pub day: NaiveDate,
    /// Sum in whole US dollars.
    pub price_sum: i64,
    /// Number of prices, 1 or more.
    pub price_count: i64,
}

/// The statement behind `/rates`: typed, so that it is prepared once a connection. One index-only scan.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn between<'a>(origin: &'a str, destination: &'a str, from: NaiveDate, to: NaiveDate) -> _ {
    daily_rates::table
        .filter(daily_rates::origin.eq(origin))
        .filter(daily_rates::destination.eq(destination))
        .filter(daily_rates::day.between(from, to))
        .order(daily_rates::day.desc())
        .select((daily_rates::day, daily_rates::price_sum, daily_rates::price_count))
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

/// The days with prices between two places. Whether the places exist is asked only when there is no price at all.
pub async fn list_daily_rates(
    db: &Db,
    origin: &Place,
    destination: &Place,
    days: DayRange,
) -> Result<DailyRates, DbError> {
    let (origin, destination) = (origin.clone(), destination.clone());
    db.run("list_daily_rates", move |conn| {
        let rows: Vec<DailyRateRow> = between(
            origin.as_str(),
            destination.as_str(),
            days.from().date(),
            days.to().date(),
        )
        .load(conn)?;
        if !rows.is_empty() {
            return Ok(DailyRates::Found(rows));
        }
        let unknown = (
            !places::exists(conn, &origin)?,
            !places::exists(conn, &destination)?,
        );
        Ok(match unknown {
            (false, false) => DailyRates::Found(rows),
            (origin, destination) => DailyRates::Unknown { origin, destination },
        })
    })
    .await
}

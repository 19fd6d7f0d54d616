//! Daily rates between two places: averages of each day's prices.

/// Daily rates of many lanes.
pub mod streams;

use super::StorageError;
use crate::db::rates::{DailyRateRow, RatesBatcher, RatesKey};
use crate::db::{self, Db};
use crate::domain::data_version::VersionLease;
use crate::types::data_version::DataVersion;
use crate::types::day::{Day, DayRange};
use crate::types::place::Place;
use chrono::{DateTime, Utc};

/// Minimum number of prices for an average; fewer are not representative.
pub const MIN_PRICES: i64 = 3;

/// A query for daily rates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RatesQuery {
    /// The place of loading.
    pub origin: Place,
    /// The place of discharge.
    pub destination: Place,
    /// The days, up to the configured maximum.
    pub days: DayRange,
}

/// The sum and count of one day's prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyRate {
    /// The day.
    pub day: Day,
    sum: i64,
    /// Number of prices, 0 or more.
    pub count: i64,
}

/// Why a query has no result.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatesError {
    /// At least one of the places does not exist.
    #[error("no such place")]
    UnknownPlace {
        /// Whether it is the origin.
        origin: bool,
        /// Whether it is the destination.
        destination: bool,
    },
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl DailyRate {
    /// The average in US dollars, unrounded; `None` below [`MIN_PRICES`].
    pub fn average(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
        let average = || self.sum as f64 / self.count as f64;
        (self.count >= MIN_PRICES).then(average)
    }

    /// The sum in US dollars; `None` below [`MIN_PRICES`], where it would disclose single offers.
    pub fn sum(&self) -> Option<i64> {
        (self.count >= MIN_PRICES).then_some(self.sum)
    }

    /// The average in whole US dollars, ties rounded away from zero, as PostgreSQL rounds `numeric`; `None` below
    /// [`MIN_PRICES`].
    pub fn rounded_average(&self) -> Option<i64> {
        (self.count >= MIN_PRICES).then(|| (2 * self.sum + self.count).div_euclid(2 * self.count))
    }
}

/// Queries for daily rates. Cheap to clone.
#[derive(Clone)]
pub struct Rates {
    db: Db,
    lease: VersionLease,
    /// `None`: each lookup is a statement of its own.
    waiting: Option<RatesBatcher>,
}

impl Rates {
    /// Over connections of a login that may read the sums. `lease`: which version of them is current.
    pub fn new(db: Db, lease: VersionLease) -> Self {
        Self {
            db,
            lease,
            waiting: Some(RatesBatcher::default()),
        }
    }

    /// Whether lookups that wait at the same time share a statement, as they do by default.
    #[must_use]
    pub fn with_batching(mut self, batching: bool) -> Self {
        self.waiting = self.waiting.filter(|_| batching);
        self
    }

    /// When the newest batch of prices was stored, if there is one.
    pub async fn find_last_import(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        db::batches::find_newest_time(&self.db).await
    }

    /// The current version of the sums and the places, if it is known without asking the database.
    pub fn current_version(&self) -> Option<DataVersion> {
        self.lease.current()
    }

    /// Every day of the range, newest first; days without prices have count 0.
    pub async fn list_daily(&self, query: &RatesQuery) -> Result<Vec<DailyRate>, RatesError> {
        let key = RatesKey {
            origin: query.origin.clone(),
            destination: query.destination.clone(),
            days: query.days,
        };
        let found = db::rates::list_daily_rates(&self.db, self.waiting.as_ref(), key).await?;
        let rows = match found {
            db::rates::DailyRates::Found(rows) => rows,
            db::rates::DailyRates::Unknown { origin, destination } => {
                return Err(RatesError::UnknownPlace { origin, destination });
            }
        };
        Ok(every_day(query.days, rows))
    }
}

/// Every day of the range, newest first; `rows` are the days with prices in the same order.
fn every_day(days: DayRange, rows: Vec<DailyRateRow>) -> Vec<DailyRate> {
    let mut rows = rows.into_iter().peekable();
    let rate = |day: Day| match rows.next_if(|row| row.day == day.date()) {
        Some(row) => row.into(),
        None => DailyRate {
            day,
            sum: 0,
            count: 0,
        },
    };
    days.newest_first().map(rate).collect()
}

impl From<DailyRateRow> for DailyRate {
    fn from(row: DailyRateRow) -> Self {
        Self {
            day: row.day.into(),
            sum: row.price_sum,
            count: row.price_count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_with_too_few_prices_have_no_average_and_ties_round_up() {
        let rate = |sum, count| DailyRate {
            day: Day::parse("2021-01-31").unwrap(),
            sum,
            count,
        };
        assert_eq!(rate(3463, 3).average(), Some(1_154.333_333_333_333_3));
        assert_eq!(rate(3463, 3).rounded_average(), Some(1154));
        assert_eq!(rate(2000, 2).average(), None);
        assert_eq!(rate(2000, 2).rounded_average(), None);
        assert_eq!(rate(0, 0).average(), None);
        assert_eq!(rate(10, 4).rounded_average(), Some(3));
        assert_eq!(rate(9, 4).rounded_average(), Some(2));
        assert_eq!(rate(0, 3).rounded_average(), Some(0));
    }
}

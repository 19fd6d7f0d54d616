//! Daily rates between two places: what a day's prices come to.
use super::StorageError;
use crate::db::rates::{RatesBatcher, RatesKey};
use crate::db::{self, Db};
use crate::types::day::{Day, DayRange};
use crate::types::place::Place;

/// Below this number of prices a day's average says too little, and is not told.
pub const ENOUGH_PRICES: i64 = 3;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatesQuery {
    /// Where the goods are loaded.
    pub origin: Place,
    /// Where they are discharged.
    pub destination: Place,
    /// The days, at most as many as the service allows.
    pub days: DayRange,
}

/// One day's prices, summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyRate {
    /// The day.
    pub day: Day,
    sum: i64,
    /// How many prices there are: 0 or more.
    pub count: i64,
}

/// Why there is no answer.
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
    /// The average in US dollars, not rounded; `None` below three prices.
    pub fn average(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "sums stay far below 2^53")]
        let average = || self.sum as f64 / self.count as f64;
        (self.count >= ENOUGH_PRICES).then(average)
    }

    /// The average in whole US dollars, halves away from zero, as PostgreSQL rounds a numeric; `None` below three.
    pub fn rounded_average(&self) -> Option<i64> {
        (self.count >= ENOUGH_PRICES).then(|| (2 * self.sum + self.count).div_euclid(2 * self.count))
    }
}

/// The rates' rules over the database's sums. Cheap to clone.
#[derive(Clone)]
pub struct Rates {
    db: Db,
    waiting: RatesBatcher,
}

impl Rates {
    /// Over a login that may read the sums.
    pub fn new(db: Db) -> Self {
        Self {
            db,
            waiting: RatesBatcher::default(),
        }
    }

    /// Every day of the range, newest first; days without prices have count 0.
    pub async fn list_daily(&self, query: &RatesQuery) -> Result<Vec<DailyRate>, RatesError> {
        let key = RatesKey {
            origin: query.origin.clone(),
            destination: query.destination.clone(),
            days: query.days,
        };
        let found = db::rates::list_daily_rates(&self.db, &self.waiting, key).await?;
        let rows = match found {
            db::rates::DailyRates::Found(rows) => rows,
            db::rates::DailyRates::Unknown { origin, destination } => {
                return Err(RatesError::UnknownPlace { origin, destination });
            }
        };
        let mut rows = rows.into_iter().peekable();
        let rate = |day: Day| match rows.next_if(|row| row.day == day.date()) {
            Some(row) => DailyRate {
                day,
                sum: row.price_sum,
                count: row.price_count,
            },
            None => DailyRate {
                day,
                sum: 0,
                count: 0,
            },
        };
        Ok(query.days.newest_first().map(rate).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thin_days_have_no_average_and_halves_round_up() {
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

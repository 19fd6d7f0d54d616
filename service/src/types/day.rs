//! Calendar days and inclusive ranges of days. Parsing and formatting are written by hand because a response contains
//! hundreds of days, and chrono's formatter took ten times as long. chrono also accepts more spellings than `YYYY-MM-DD`.

use chrono::{Datelike, NaiveDate};
use std::fmt;

/// A day of the Gregorian calendar, years 0001 to 9999 (ISO 8601 extended format, RFC 3339 `full-date`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// Parses exactly `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = bytes else {
            return None;
        };
        let number = |digits: &[&u8]| {
            digits.iter().try_fold(0u32, |n, d| {
                d.is_ascii_digit().then(|| n * 10 + u32::from(**d - b'0'))
            })
        };
        let year = number(&[y1, y2, y3, y4]).filter(|year| *year > 0)?;
        let (month, day) = (number(&[m1, m2])?, number(&[d1, d2])?);
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).map(Self)
    }

    /// The day as a chrono date.
    pub fn date(self) -> NaiveDate {
        self.0
    }

    /// `YYYY-MM-DD` as ASCII.
    pub fn to_ascii(self) -> [u8; 10] {
        let (year, month, day) = (self.0.year().unsigned_abs(), self.0.month(), self.0.day());
        let digit = |n: u32| b"0123456789"[(n % 10) as usize];
        [
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
            digit(month / 10),
            digit(month),
            b'-',
            digit(day / 10),
            digit(day),
        ]
    }
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Self(date)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_ascii()).unwrap_or_default())
    }
}

/// An inclusive range of days, no longer than a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DayRange {
    from: Day,
    to: Day,
}

/// Why two days do not form a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayRangeError {
    /// `from` is after `to`.
    Reversed,
    /// The range has more days than this limit.
    TooLong(u32),
}

impl DayRange {
    /// A range of 1 to `max_days` days.
    pub fn new(from: Day, to: Day, max_days: u32) -> Result<Self, DayRangeError> {
        if from > to {
            return Err(DayRangeError::Reversed);
        }
        let range = Self { from, to };
        if range.len() > u64::from(max_days) {
            return Err(DayRangeError::TooLong(max_days));
        }
        Ok(range)
    }

    /// The first day.
    pub fn from(&self) -> Day {
        self.from
    }

    /// The last day.
    pub fn to(&self) -> Day {
        self.to
    }

    /// The number of days, 1 or more.
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub fn len(&self) -> u64 {
        u64::try_from((self.to.0 - self.from.0).num_days()).unwrap_or(0) + 1
    }

    /// All days, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = Day> + use<> {
        let (from, to) = (self.from, self.to);
        std::iter::successors(Some(to.0), |day| day.pred_opt())
            .take_while(move |day| *day >= from.0)
            .map(Day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_iso_8601_extended_format_parses() {
        assert_eq!(
            Day::parse("2020-02-29").map(|d| d.to_string()).as_deref(),
            Some("2020-02-29")
        );
        assert_eq!(
            Day::parse("0001-01-01").map(|d| d.to_string()).as_deref(),
            Some("0001-01-01")
        );
        for bad in [
            "",
            "2021-02-29",
            "2021-1-1",
            "2021-01-01T00:00",
            " 2021-01-01",
            "0000-01-01",
            "2021-13-01",
            "2021/01/01",
            "+021-01-01",
            "２０21-01",
            "99999-01-01",
            "2021-01-0a",
        ] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_range_is_inclusive_and_limited() {
        let day = |text| Day::parse(text).unwrap();
        let january = DayRange::new(day("2021-01-01"), day("2021-01-31"), 31).unwrap();
        assert_eq!(january.len(), 31);
        assert_eq!(january.newest_first().next(), Some(day("2021-01-31")));
        assert_eq!(january.newest_first().count(), 31);
        assert_eq!(
            DayRange::new(day("2021-01-01"), day("2021-01-31"), 30),
            Err(DayRangeError::TooLong(30))
        );
        assert_eq!(
            DayRange::new(day("2021-01-02"), day("2021-01-01"), 9),
            Err(DayRangeError::Reversed)
        );
        let first = DayRange::new(day("0001-01-01"), day("0001-01-01"), 1).unwrap();
        assert_eq!(first.newest_first().count(), 1);
    }
}

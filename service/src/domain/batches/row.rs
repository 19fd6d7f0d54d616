//! One row of a batch: parses texts to a port, a region or a price, or to an error with line, column and reason.

use crate::db::batches::NewPlace;
use crate::types::day::Day;
use crate::types::place::{PortCode, RegionSlug};
use std::borrow::Cow;
use std::fmt;

/// A validation error. Contains no value from the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// Line, from 1.
    pub line: u64,
    /// The column's name; empty for the whole line.
    pub column: &'static str,
    /// The violated rule.
    pub reason: Cow<'static, str>,
}

impl RowError {
    /// An error of one column.
    pub fn new(line: u64, column: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            line,
            column,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            "" => write!(f, "line {}: {}", self.line, self.reason),
            column => write!(f, "line {}, {column}: {}", self.line, self.reason),
        }
    }
}

/// One price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Port of loading.
    pub orig_code: PortCode,
    /// Port of discharge.
    pub dest_code: PortCode,
    /// The day.
    pub day: Day,
    /// Whole US dollars, 0 or more.
    pub price: i32,
}

/// One row, with its line number where later checks report it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A region.
    Region(u64, NewPlace),
    /// A port.
    Port(u64, NewPlace),
    /// A price.
    Price(Price),
}

/// What a file states, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A row.
    Row(Row),
    /// The deletion of all prices of a day that precede it.
    Delete(Day),
}

/// The columns of a price, in the order of [`price`]'s argument.
pub const PRICE_COLUMNS: [&str; 4] = ["orig_code", "dest_code", "day", "price"];

/// Parses a price.
pub fn price(line: u64, [orig, dest, day, price]: [&str; 4]) -> Result<Price, RowError> {
    let port = |column, text| {
        PortCode::parse(text).ok_or_else(|| RowError::new(line, column, "is not a UN/LOCODE, such as CNGGZ"))
    };
    let digits = price.bytes().all(|b| b.is_ascii_digit());
    let number = price.parse::<i32>().ok().filter(|_| digits);
    Ok(Price {
        orig_code: port("orig_code", orig)?,
        dest_code: port("dest_code", dest)?,
        day: Day::parse(day).ok_or_else(|| RowError::new(line, "day", "is not a day, such as 2021-01-31"))?,
        price: number
            .ok_or_else(|| RowError::new(line, "price", "is not a whole number from 0 to 2147483647"))?,
    })
}

/// Parses a port's code or a region's slug.
pub fn key(line: u64, column: &'static str, text: &str) -> Result<String, RowError> {
    let is_valid = match column {
        "code" => PortCode::is_valid(text),
        _ => RegionSlug::is_valid(text),
    };
    let reason = match column {
        "code" => "is not a UN/LOCODE, such as CNGGZ",
        _ => "is not a region's slug, such as china_main",
    };
    is_valid
        .then(|| text.to_owned())
        .ok_or_else(|| RowError::new(line, column, reason))
}

/// Parses a display name: 1 to 200 characters, no control characters.
pub fn name(line: u64, text: &str) -> Result<String, RowError> {
    let is_valid = (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    is_valid.then(|| text.to_owned()).ok_or_else(|| {
        RowError::new(
            line,
            "name",
            "must have 1 to 200 characters and no control character",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_column() {
        let column = |texts| {
            price(7, texts)
                .map_err(|error| (error.line, error.column))
                .unwrap_err()
        };
        assert_eq!(column(["cnggz", "EETLL", "2021-01-01", "1"]), (7, "orig_code"));
        assert_eq!(column(["CNGGZ", "", "2021-01-01", "1"]), (7, "dest_code"));
        assert_eq!(column(["CNGGZ", "EETLL", "2021-02-29", "1"]), (7, "day"));
        for bad in ["-1", "+1", "1.5", "", " 1", "2147483648", "NaN"] {
            assert_eq!(
                column(["CNGGZ", "EETLL", "2021-01-01", bad]),
                (7, "price"),
                "{bad}"
            );
        }
        assert_eq!(
            price(1, ["CNGGZ", "EETLL", "2021-01-01", "2147483647"])
                .unwrap()
                .price,
            i32::MAX
        );
    }
}

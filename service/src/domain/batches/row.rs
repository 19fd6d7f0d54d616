//! One row of a batch: ports, regions, prices. Texts become values here, or a fault with line, column and reason.
use crate::db::batches::NewPlace;
use crate::types::day::Day;
use crate::types::place::{PortCode, RegionSlug};
use std::borrow::Cow;
use std::fmt;

/// A bad row. Carries no value from the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// Line, from 1.
    pub line: u64,
    /// The column's name; empty when the whole line is meant.
    pub column: &'static str,
    /// What is wrong.
    pub reason: Cow<'static, str>,
}

impl RowFault {
    /// A fault of one column.
    pub fn new(line: u64, column: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            line,
            column,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for RowFault {
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

/// One row, with the line that it stands in where that matters later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A region.
    Region(u64, NewPlace),
    /// A port.
    Port(u64, NewPlace),
    /// A price.
    Price(Price),
}

/// The columns of a price, in the order in which [`price`] takes them.
pub const PRICE_COLUMNS: [&str; 4] = ["orig_code", "dest_code", "day", "price"];

/// A price from its four texts.
pub fn price(line: u64, [orig, dest, day, price]: [&str; 4]) -> Result<Price, RowFault> {
    let port = |column, text| {
        PortCode::parse(text).ok_or_else(|| RowFault::new(line, column, "is not a UN/LOCODE, as in CNGGZ"))
    };
    let digits = price.bytes().all(|b| b.is_ascii_digit());
    let number = price.parse::<i32>().ok().filter(|_| digits);
    Ok(Price {
        orig_code: port("orig_code", orig)?,
        dest_code: port("dest_code", dest)?,
        day: Day::parse(day).ok_or_else(|| RowFault::new(line, "day", "is not a day, as in 2021-01-31"))?,
        price: number
            .ok_or_else(|| RowFault::new(line, "price", "is not a whole number from 0 to 2147483647"))?,
    })
}

/// A port's or a region's key, which must be of the right spelling.
pub fn key(line: u64, column: &'static str, text: &str) -> Result<String, RowFault> {
    let good = match column {
        "code" => PortCode::is_valid(text),
        _ => RegionSlug::is_valid(text),
    };
    let reason = match column {
        "code" => "is not a UN/LOCODE, as in CNGGZ",
        _ => "is not a region's slug, as in china_main",
    };
    good.then(|| text.to_owned())
        .ok_or_else(|| RowFault::new(line, column, reason))
}

/// A name for people: 1 to 200 characters, none of them a control character.
pub fn name(line: u64, text: &str) -> Result<String, RowFault> {
    let good = (1..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    good.then(|| text.to_owned()).ok_or_else(|| {
        RowFault::new(
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
    fn each_column_is_named_in_its_fault() {
        let column = |texts| {
            price(7, texts)
                .map_err(|fault| (fault.line, fault.column))
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

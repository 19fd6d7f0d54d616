//! Fields of rate queries: days and places.

use super::formats::Contract;
use crate::http::contract::field::{Field, FieldValue, Optional};
use crate::http::contract::problem::Problem;
use crate::types::day::{Day, DayRange, DayRangeError};
use crate::types::field_error::{FieldError, Location};
use crate::types::place::Place;
use http::StatusCode;
use poem_openapi::registry::MetaSchema;

/// A place that one of the contracts names.
pub type PlaceField = Field<Place, Optional>;

impl FieldValue for Day {
    const EXPECTED: &'static str = "must be an existing day, written YYYY-MM-DD";

    fn parse(text: &str) -> Option<Self> {
        Day::parse(text)
    }

    fn example_text(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            example: Some("2021-01-31".into()),
            ..MetaSchema::new_with_format("string", "date")
        }
    }
}

impl FieldValue for Place {
    const EXPECTED: &'static str = "must be a port code, such as CNGGZ, or a region slug, such as china_main";

    fn parse(text: &str) -> Option<Self> {
        Place::parse(text)
    }

    fn example_text(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn schema() -> MetaSchema {
        // No example: `orig_code` and `origin` exclude each other, and API consoles prefill every example.
        MetaSchema {
            pattern: Some(Place::PATTERN.to_owned()),
            max_length: Some(64),
            ..MetaSchema::new("string")
        }
    }
}

/// The range of these days, or `None` after adding errors to the list.
pub fn day_range(
    from: Field<Day>,
    to: Field<Day>,
    max_days: u32,
    location: Location,
    errors: &mut Vec<FieldError>,
) -> Option<DayRange> {
    let (from, to) = (from.required("date_from", errors), to.required("date_to", errors));
    match DayRange::new(from?, to?, max_days) {
        Ok(days) => return Some(days),
        Err(DayRangeError::Reversed) => {
            errors.push(FieldError::new(location, "date_from", "is after date_to"));
        }
        Err(DayRangeError::TooLong(max)) => {
            let reason = format!("is too far from date_from: one query spans at most {max} days");
            errors.push(FieldError::new(location, "date_to", reason));
        }
    }
    None
}

/// The contract whose names are given, or `None` after adding an error for each name if they are those of both. `prefix` is written
/// before the names.
pub fn combined(
    counted: &[PlaceField; 2],
    rounded: &[PlaceField; 2],
    location: Location,
    prefix: &str,
    errors: &mut Vec<FieldError>,
) -> Option<Contract> {
    let given = |pair: &[PlaceField; 2]| pair.iter().any(Field::is_given);
    match (given(counted), given(rounded)) {
        (true, true) => {
            let all = Contract::Counted.names().into_iter().zip(counted);
            let all = all.chain(Contract::Rounded.names().into_iter().zip(rounded));
            for (name, _) in all.filter(|(_, field)| field.is_given()) {
                let reason =
                    "must not be combined: give either orig_code and dest_code, or origin and destination";
                errors.push(FieldError::new(location, &format!("{prefix}{name}"), reason));
            }
            None
        }
        (_, false) => Some(Contract::Counted),
        (false, true) => Some(Contract::Rounded),
    }
}

/// Requires exactly one complete pair.
pub fn places(
    counted: [PlaceField; 2],
    rounded: [PlaceField; 2],
    location: Location,
    prefix: &str,
    errors: &mut Vec<FieldError>,
) -> Option<(Contract, Place, Place)> {
    let contract = combined(&counted, &rounded, location, prefix, errors)?;
    let [from, to] = match contract {
        Contract::Counted => counted,
        Contract::Rounded => rounded,
    };
    let [from_name, to_name] = contract.names().map(|name| format!("{prefix}{name}"));
    let (from, to) = (from.required(&from_name, errors), to.required(&to_name, errors));
    Some((contract, from?, to?))
}

impl Contract {
    /// The names of the places.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Self::Counted => ["orig_code", "dest_code"],
            Self::Rounded => ["origin", "destination"],
        }
    }

    /// 404 for these parameters: the origin, the destination, or both.
    pub fn unknown_place(self, unknown: [bool; 2]) -> Problem {
        let unknown = self
            .names()
            .into_iter()
            .zip(unknown)
            .filter(|(_, unknown)| *unknown);
        let detail = "the port or region does not exist";
        let mut problem = Problem::new(StatusCode::NOT_FOUND, "unknown-place", detail);
        problem.errors = unknown
            .map(|(name, _)| FieldError::query(name, "does not exist"))
            .collect();
        problem
    }
}

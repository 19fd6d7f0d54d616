//! Fields of rate queries: days and places.

use crate::http::contract::field::FieldValue;
use crate::types::day::Day;
use crate::types::place::Place;
use poem_openapi::registry::MetaSchema;

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

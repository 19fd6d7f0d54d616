//! Fields of ports and regions: codes and slugs.

use crate::http::contract::field::FieldValue;
use crate::types::place::{PortCode, RegionSlug};
use poem_openapi::registry::MetaSchema;

impl FieldValue for PortCode {
    const EXPECTED: &'static str = "must be a port code, such as CNGGZ";

    fn parse(text: &str) -> Option<Self> {
        PortCode::parse(text)
    }

    fn schema() -> MetaSchema {
        text(PortCode::PATTERN, 5, "CNGGZ")
    }
}

impl FieldValue for RegionSlug {
    const EXPECTED: &'static str = "must be a region slug, such as china_main";

    fn parse(text: &str) -> Option<Self> {
        RegionSlug::parse(text)
    }

    fn schema() -> MetaSchema {
        text(RegionSlug::PATTERN, 64, "china_main")
    }
}

fn text(pattern: &str, max_length: usize, example: &str) -> MetaSchema {
    MetaSchema {
        pattern: Some(pattern.to_owned()),
        max_length: Some(max_length),
        example: Some(example.into()),
        ..MetaSchema::new("string")
    }
}

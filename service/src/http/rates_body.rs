//! How daily rates are written: two contracts, three formats, and their schemas for the document.
use crate::domain::rates::DailyRate;
use crate::types::day::Day;
use poem_openapi::registry::{MetaMediaType, MetaSchema, MetaSchemaRef};
use serde::Serialize;
use std::fmt::Write;

/// The media types of `/rates`, the default first.
pub const MEDIA_TYPES: [&str; 3] = ["application/json", "text/csv", "application/x-ndjson"];

/// Which of the two contracts on this path is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// `orig_code` and `dest_code`: an object, newest first, exact averages and counts.
    Counted,
    /// `origin` and `destination`: an array, oldest first, rounded averages.
    Rounded,
}

#[derive(Serialize)]
struct CountedRates {
    rates: Vec<CountedRate>,
}

/// Keys in the order of the alphabet, as the originals sent them.
#[derive(Serialize)]
struct CountedRate {
    count: Option<i64>,
    day: Day,
    price: Option<f64>,
}

#[derive(Serialize)]
struct RoundedRate {
    day: Day,
    average_price: Option<i64>,
}

impl From<DailyRate> for CountedRate {
    fn from(rate: DailyRate) -> Self {
        Self {
            count: (rate.count > 0).then_some(rate.count),
            day: rate.day,
            price: rate.average(),
        }
    }
}

impl From<DailyRate> for RoundedRate {
    fn from(rate: DailyRate) -> Self {
        Self {
            day: rate.day,
            average_price: rate.rounded_average(),
        }
    }
}

/// Writes the rates (given newest first) in a contract and in a format: an index of [`MEDIA_TYPES`].
pub fn write(rates: Vec<DailyRate>, contract: Contract, format: usize) -> Vec<u8> {
    match (contract, format) {
        (Contract::Counted, 0) => json(&CountedRates {
            rates: rates.into_iter().map(Into::into).collect(),
        }),
        (Contract::Rounded, 0) => json(
            &rates
                .into_iter()
                .rev()
                .map(Into::into)
                .collect::<Vec<RoundedRate>>(),
        ),
        (Contract::Counted, 1) => csv("day,price,count", rates.into_iter(), |rate, line| {
            let price = rate.average().map(|price| price.to_string()).unwrap_or_default();
            let count = if rate.count > 0 {
                rate.count.to_string()
            } else {
                String::new()
            };
            write!(line, "{},{price},{count}", rate.day)
        }),
        (Contract::Rounded, 1) => csv("day,average_price", rates.into_iter().rev(), |rate, line| {
            let price = rate
                .rounded_average()
                .map(|price| price.to_string())
                .unwrap_or_default();
            write!(line, "{},{price}", rate.day)
        }),
        (Contract::Counted, _) => lines(rates.into_iter().map(CountedRate::from)),
        (Contract::Rounded, _) => lines(rates.into_iter().rev().map(RoundedRate::from)),
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::with_capacity(2048);
    // Writing numbers and dates to memory cannot fail.
    let _ = serde_json::to_writer(&mut text, value);
    text
}

fn lines<T: Serialize>(values: impl Iterator<Item = T>) -> Vec<u8> {
    values.fold(Vec::with_capacity(2048), |mut text, value| {
        let _ = serde_json::to_writer(&mut text, &value);
        text.push(b'\n');
        text
    })
}

/// RFC 4180, lines ending in CR LF. No field here can need quotes or begin a spreadsheet formula.
fn csv(
    header: &str,
    rates: impl Iterator<Item = DailyRate>,
    write: impl Fn(&DailyRate, &mut String) -> std::fmt::Result,
) -> Vec<u8> {
    let mut text = format!("{header}\r\n");
    for rate in rates {
        let _ = write(&rate, &mut text);
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// The answers' media types and schemas, for the document.
pub fn media_types() -> Vec<MetaMediaType> {
    let inline = |schema| MetaSchemaRef::Inline(Box::new(schema));
    let array = |item| MetaSchema {
        items: Some(Box::new(inline(item))),
        ..MetaSchema::new("array")
    };
    let day = || MetaSchema {
        description: Some("The day"),
        example: Some("2021-01-31".into()),
        ..MetaSchema::new_with_format("string", "date")
    };
    let counted = MetaSchema {
        required: vec!["count", "day", "price"],
        properties: vec![
            (
                "count",
                inline(MetaSchema {
                    description: Some("How many prices the day has; null where there are none"),
                    minimum: Some(1.0),
                    nullable: true,
                    ..MetaSchema::new_with_format("integer", "int64")
                }),
            ),
            ("day", inline(day())),
            (
                "price",
                inline(MetaSchema {
                    description: Some(
                        "Their average in US dollars, not rounded; null where there are fewer than 3",
                    ),
                    nullable: true,
                    ..MetaSchema::new_with_format("number", "double")
                }),
            ),
        ],
        ..MetaSchema::new("object")
    };
    let rounded = MetaSchema {
        required: vec!["day", "average_price"],
        properties: vec![
            ("day", inline(day())),
            (
                "average_price",
                inline(MetaSchema {
                    description: Some(
                        "The average in whole US dollars, halves up; null where there are fewer than 3 prices",
                    ),
                    nullable: true,
                    ..MetaSchema::new_with_format("integer", "int64")
                }),
            ),
        ],
        ..MetaSchema::new("object")
    };
    let counted = MetaSchema {
        description: Some("For orig_code and dest_code: one entry a day, newest first"),
        required: vec!["rates"],
        properties: vec![("rates", inline(array(counted)))],
        ..MetaSchema::new("object")
    };
    let rounded = MetaSchema {
        description: Some("For origin and destination: one entry a day, oldest first"),
        ..array(rounded)
    };
    let json = MetaSchema {
        one_of: vec![inline(counted), inline(rounded)],
        ..MetaSchema::ANY
    };
    let media = |content_type, schema| MetaMediaType {
        content_type,
        schema: inline(schema),
    };
    vec![
        media(MEDIA_TYPES[0], json),
        media(MEDIA_TYPES[1], MetaSchema::new("string")),
        media(MEDIA_TYPES[2], MetaSchema::new("string")),
    ]
}

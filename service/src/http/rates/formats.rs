//! The bodies of rates: two contracts in three formats.

use crate::domain::rates::DailyRate;
use serde::Serialize;

/// The format of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON document.
    Json,
    /// One row per day (RFC 4180).
    Csv,
    /// One JSON object per line.
    JsonLines,
}

impl Format {
    /// All formats with their media types, the default first.
    pub const OFFERED: [(&'static str, Self); 3] = [
        (Self::Json.media_type(), Self::Json),
        (Self::Csv.media_type(), Self::Csv),
        (Self::JsonLines.media_type(), Self::JsonLines),
    ];

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::JsonLines => "application/x-ndjson",
        }
    }
}

/// The media type of CSV with its parameters.
pub const CSV_CONTENT_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// The contract of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contract {
    /// `orig_code` and `dest_code`: an object, newest first, exact averages and counts.
    Counted,
    /// `origin` and `destination`: an array, oldest first, rounded averages.
    Rounded,
}

/// Writes the rates (given newest first) in a contract and a format. Hand-written: no value needs escaping, and a
/// serializer took a third of the request time.
pub fn write(rates: &[DailyRate], contract: Contract, format: Format) -> Vec<u8> {
    let mut text = Vec::with_capacity(64 * rates.len() + 64);
    match (contract, format) {
        (Contract::Counted, Format::Json) => {
            text.extend_from_slice(b"{\"rates\":[");
            joined(&mut text, rates.iter(), counted);
            text.extend_from_slice(b"]}");
        }
        (Contract::Rounded, Format::Json) => {
            text.push(b'[');
            joined(&mut text, rates.iter().rev(), rounded);
            text.push(b']');
        }
        (Contract::Counted, Format::Csv) => csv(&mut text, "day,price,count", rates.iter(), |text, rate| {
            value(text, rate.average(), b"");
            text.push(b',');
            value(text, (rate.count > 0).then_some(rate.count), b"");
        }),
        (Contract::Rounded, Format::Csv) => csv(
            &mut text,
            "day,average_price",
            rates.iter().rev(),
            |text, rate| {
                value(text, rate.rounded_average(), b"");
            },
        ),
        (Contract::Counted, Format::JsonLines) => lines(&mut text, rates.iter(), counted),
        (Contract::Rounded, Format::JsonLines) => lines(&mut text, rates.iter().rev(), rounded),
    }
    text
}

/// Keys in alphabetical order, as the legacy system sends them.
pub fn counted(text: &mut Vec<u8>, rate: &DailyRate) {
    text.extend_from_slice(b"{\"count\":");
    value(text, (rate.count > 0).then_some(rate.count), b"null");
    text.extend_from_slice(b",\"day\":\"");
    text.extend_from_slice(&rate.day.to_ascii());
    text.extend_from_slice(b"\",\"price\":");
    value(text, rate.average(), b"null");
    text.push(b'}');
}

/// Keys in the order of the contract.
pub fn rounded(text: &mut Vec<u8>, rate: &DailyRate) {
    text.extend_from_slice(b"{\"day\":\"");
    text.extend_from_slice(&rate.day.to_ascii());
    text.extend_from_slice(b"\",\"average_price\":");
    value(text, rate.rounded_average(), b"null");
    text.push(b'}');
}

/// A number in its shortest JSON form (`1155.0`), or the text for none.
pub fn value<T: Serialize>(text: &mut Vec<u8>, number: Option<T>, none: &[u8]) {
    match number {
        // Writing to memory cannot fail.
        Some(number) => drop(serde_json::to_writer(text, &number)),
        None => text.extend_from_slice(none),
    }
}

/// Writes entries with commas between them.
pub fn joined<'a>(
    text: &mut Vec<u8>,
    rates: impl Iterator<Item = &'a DailyRate>,
    write: impl Fn(&mut Vec<u8>, &DailyRate),
) {
    for (number, rate) in rates.enumerate() {
        if number > 0 {
            text.push(b',');
        }
        write(text, rate);
    }
}

fn lines<'a>(
    text: &mut Vec<u8>,
    rates: impl Iterator<Item = &'a DailyRate>,
    write: impl Fn(&mut Vec<u8>, &DailyRate),
) {
    for rate in rates {
        write(text, rate);
        text.push(b'\n');
    }
}

/// RFC 4180, lines end with CR LF. No field needs quoting or can start a spreadsheet formula.
fn csv<'a>(
    text: &mut Vec<u8>,
    header: &str,
    rates: impl Iterator<Item = &'a DailyRate>,
    write: impl Fn(&mut Vec<u8>, &DailyRate),
) {
    text.extend_from_slice(header.as_bytes());
    text.extend_from_slice(b"\r\n");
    for rate in rates {
        text.extend_from_slice(&rate.day.to_ascii());
        text.push(b',');
        write(text, rate);
        text.extend_from_slice(b"\r\n");
    }
}

//! The answer to `POST /rates/query`: JSON or NDJSON, written lane by lane, and its schema.

use crate::domain::rates::DailyRate;
use crate::domain::rates::streams::{Lane, LaneRates};
use crate::http::contract::problem::Problem;
use crate::http::edge::streamed_response::streamed;
use crate::http::rates::formats::{Contract, Format, counted, joined, rounded};
use crate::http::rates::responses::{array_of, day, inline, reference, success};
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderValue, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponses, MetaSchema, Registry};

/// The rates of many lanes.
pub struct LanesResponse(Response);

impl LanesResponse {
    /// A response of these parts.
    pub fn new(format: Format, parts: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static) -> Self {
        let mut response = streamed(format.media_type(), parts);
        let negotiated = HeaderValue::from_static("Accept");
        response.headers_mut().insert(header::VARY, negotiated);
        Self(response)
    }
}

/// Writes the entries of lanes.
pub struct LanesWriter {
    format: Format,
    text: Vec<u8>,
    has_begun: bool,
}

impl LanesWriter {
    /// Writes in a format, of which NDJSON has no beginning and no end.
    pub fn new(format: Format) -> Self {
        let text = match format {
            Format::JsonLines => Vec::new(),
            Format::Json | Format::Csv => b"{\"lanes\":[".to_vec(),
        };
        Self {
            format,
            text,
            has_begun: false,
        }
    }

    /// Adds the entry of a lane.
    pub fn write(&mut self, contract: Contract, lane: &Lane, rates: &LaneRates) {
        if self.has_begun && self.format != Format::JsonLines {
            self.text.push(b',');
        }
        self.has_begun = true;
        let places = [lane.origin.as_str(), lane.destination.as_str()];
        // No name of a place needs escaping.
        for (begin, (name, place)) in ["{\"", "\",\""].iter().zip(contract.names().iter().zip(places)) {
            for part in [begin, name, "\":\"", place] {
                self.text.extend_from_slice(part.as_bytes());
            }
        }
        self.text.push(b'"');
        match rates {
            LaneRates::Found(days) => self.write_days(contract, days),
            LaneRates::Unknown { origin, destination } => {
                self.write_error(contract, [*origin, *destination]);
            }
        }
        self.text.push(b'}');
        if self.format == Format::JsonLines {
            self.text.push(b'\n');
        }
    }

    fn write_days(&mut self, contract: Contract, days: &[DailyRate]) {
        self.text.extend_from_slice(b",\"rates\":[");
        match contract {
            Contract::Counted => joined(&mut self.text, days.iter(), counted),
            Contract::Rounded => joined(&mut self.text, days.iter().rev(), rounded),
        }
        self.text.push(b']');
    }

    fn write_error(&mut self, contract: Contract, unknown: [bool; 2]) {
        let names = contract.names().into_iter().zip(unknown);
        let fields: Vec<&str> = names
            .filter(|(_, unknown)| *unknown)
            .map(|(name, _)| name)
            .collect();
        let error = serde_json::json!({
            "type": Problem::type_of("unknown-place"),
            "detail": "the port or region does not exist",
            "fields": fields,
        });
        self.text.extend_from_slice(b",\"error\":");
        self.text.extend_from_slice(error.to_string().as_bytes());
    }

    /// What was written since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }

    /// The end.
    pub fn finish(&mut self) -> Vec<u8> {
        if self.format != Format::JsonLines {
            self.text.extend_from_slice(b"]}");
        }
        self.take()
    }
}

impl ApiResponse for LanesResponse {
    fn meta() -> MetaResponses {
        success(
            "The daily rates of each lane, in the order of the request",
            Format::Json,
            reference("RateLanes"),
        )
    }

    fn register(registry: &mut Registry) {
        let schemas = schemas().map(|(name, schema)| (name.to_owned(), schema));
        registry.schemas.extend(schemas);
    }
}

impl IntoResponse for LanesResponse {
    fn into_response(self) -> Response {
        self.0
    }
}

/// One schema for both contracts, with optional members: generated clients handle them better than alternatives.
fn schemas() -> [(&'static str, MetaSchema); 4] {
    let text = |description| {
        inline(MetaSchema {
            description: Some(description),
            ..MetaSchema::new("string")
        })
    };
    let number = |kind, format, description| {
        inline(MetaSchema {
            description: Some(description),
            nullable: true,
            ..MetaSchema::new_with_format(kind, format)
        })
    };
    let day = MetaSchema {
        description: Some("One day of a lane"),
        required: vec!["day"],
        properties: vec![
            ("day", day()),
            (
                "count",
                number(
                    "integer",
                    "int64",
                    "With `orig_code`: number of prices of the day; null if there are none",
                ),
            ),
            (
                "price",
                number(
                    "number",
                    "double",
                    "With `orig_code`: average in US dollars, not rounded; null if there are fewer than 3 prices",
                ),
            ),
            (
                "average_price",
                number(
                    "integer",
                    "int64",
                    "With `origin`: average in whole US dollars, rounded half up; null if there are fewer than 3 prices",
                ),
            ),
        ],
        ..MetaSchema::new("object")
    };
    let error = MetaSchema {
        description: Some("Why a lane has no rates"),
        required: vec!["type", "detail", "fields"],
        properties: vec![
            (
                "type",
                text("URI of the problem type. Compare it as a whole; do not parse it."),
            ),
            ("detail", text("Explanation of this occurrence")),
            (
                "fields",
                inline(MetaSchema {
                    description: Some("The names of the places that do not exist"),
                    items: Some(Box::new(text("Member of the lane"))),
                    ..MetaSchema::new("array")
                }),
            ),
        ],
        ..MetaSchema::new("object")
    };
    let entry = MetaSchema {
        description: Some("The lane with the names of the request, and either `rates` or `error`"),
        properties: vec![
            ("orig_code", text("Place of loading")),
            ("dest_code", text("Place of discharge")),
            ("origin", text("Place of loading")),
            ("destination", text("Place of discharge")),
            ("rates", inline(array_of("LaneDay"))),
            ("error", reference("LaneError")),
        ],
        ..MetaSchema::new("object")
    };
    let lanes = MetaSchema {
        description: Some("One entry per lane, in the order of the request"),
        required: vec!["lanes"],
        properties: vec![("lanes", inline(array_of("RatesOfLane")))],
        ..MetaSchema::new("object")
    };
    [
        ("RateLanes", lanes),
        ("RatesOfLane", entry),
        ("LaneDay", day),
        ("LaneError", error),
    ]
}

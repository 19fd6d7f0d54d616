//! The formats of an export: CSV and NDJSON, written lane by lane.

use crate::domain::rates::streams::LaneSums;
use crate::http::contract::entity_tag;
use crate::http::edge::streamed_response::streamed;
use crate::http::rates::formats::{CSV_CONTENT_TYPE, Format, value};
use crate::http::rates::responses::{inline, success};
use crate::types::data_version::DataVersion;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderValue, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponses, MetaSchema, Registry};

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One row per lane and day (RFC 4180).
    Csv,
    /// One JSON object per line.
    JsonLines,
}

impl ExportFormat {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => Format::Csv.media_type(),
            Self::JsonLines => Format::JsonLines.media_type(),
        }
    }
}

/// The first line of CSV.
const CSV_HEADER: &[u8] = b"orig_code,dest_code,day,price_sum,price_count,price\r\n";

/// Writes the rows of lanes.
pub struct ExportWriter {
    format: ExportFormat,
    text: Vec<u8>,
    /// The beginning of each row of the current lane.
    lane: Vec<u8>,
}

impl ExportWriter {
    /// Writes in a format.
    pub fn new(format: ExportFormat) -> Self {
        let text = match format {
            ExportFormat::Csv => CSV_HEADER.to_vec(),
            ExportFormat::JsonLines => Vec::new(),
        };
        Self {
            format,
            text,
            lane: Vec::new(),
        }
    }

    /// Adds the rows of a lane. No value needs quoting or escaping.
    pub fn write(&mut self, lane: &LaneSums) {
        let before: [&[u8]; 3] = match self.format {
            ExportFormat::Csv => [b"", b",", b","],
            ExportFormat::JsonLines => [b"{\"orig_code\":\"", b"\",\"dest_code\":\"", b"\",\"day\":\""],
        };
        self.lane.clear();
        for (before, place) in before.iter().zip([&*lane.orig_code, &*lane.dest_code, ""]) {
            self.lane.extend_from_slice(before);
            self.lane.extend_from_slice(place.as_bytes());
        }
        let [sum, count, price, none, end]: [&[u8]; 5] = match self.format {
            ExportFormat::Csv => [b",", b",", b",", b"", b"\r\n"],
            ExportFormat::JsonLines => [
                b"\",\"price_sum\":",
                b",\"price_count\":",
                b",\"price\":",
                b"null",
                b"}\n",
            ],
        };
        let text = &mut self.text;
        text.reserve(lane.days.len() * (self.lane.len() + 64));
        for day in &lane.days {
            text.extend_from_slice(&self.lane);
            text.extend_from_slice(&day.day.to_ascii());
            text.extend_from_slice(sum);
            value(text, day.sum(), none);
            text.extend_from_slice(count);
            value(text, Some(day.count), none);
            text.extend_from_slice(price);
            value(text, day.average(), none);
            text.extend_from_slice(end);
        }
    }

    /// What was written since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }
}

/// An export in the negotiated format.
pub struct ExportResponse(Response);

impl ExportResponse {
    /// A response of these parts, of a snapshot of this version.
    pub fn new(
        format: ExportFormat,
        version: DataVersion,
        parts: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        let content_type = match format {
            ExportFormat::Csv => CSV_CONTENT_TYPE,
            ExportFormat::JsonLines => format.media_type(),
        };
        let mut response = streamed(content_type, parts);
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        // Of the format too: a later release may write the same data differently.
        let tag = entity_tag::quoted(&format!("{version}-{}", env!("CARGO_PKG_VERSION")));
        headers.insert(header::ETAG, tag);
        Self(response)
    }
}

impl ApiResponse for ExportResponse {
    fn meta() -> MetaResponses {
        let text = inline(MetaSchema::new("string"));
        success("The daily sums, one line each after a header", Format::Csv, text)
    }

    fn register(_registry: &mut Registry) {}
}

impl IntoResponse for ExportResponse {
    fn into_response(self) -> Response {
        self.0
    }
}

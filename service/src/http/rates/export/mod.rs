//! `GET /rates/export`: the sums of all lanes between ports, streamed.

/// CSV and NDJSON, and the response.
mod format;

use super::fields::{PlaceField, combined, day_range};
use super::formats::Contract;
use crate::domain::StorageError;
use crate::domain::rates::streams::{ExportError, ExportQuery, ExportStream, RateStreams};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{Documented, ErrorResponse};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::negotiate;
use crate::http::contract::problem::{self, Problem};
use crate::http::edge::request_quota::RequestQuota;
use crate::http::openapi::tags::ApiTag;
use crate::types::day::Day;
use crate::types::field_error::{FieldError, Location};
use crate::types::place::Place;
use bytes::Bytes;
use format::{ExportFormat, ExportResponse, ExportWriter};
use futures_util::stream::{self, Stream};
use http::{HeaderMap, StatusCode};
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use std::time::Duration;

/// Requests of the rate limit that an export costs: as many as the most lanes of `/rates/query`.
const COST: usize = 100;

/// `Retry-After` while too many exports are running.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// The operation.
pub struct RateExportApi {
    streams: RateStreams,
    max_days: u32,
}

impl RateExportApi {
    /// The operation on these rates; one export spans at most `max_days` days.
    pub fn new(streams: RateStreams, max_days: u32) -> Self {
        Self { streams, max_days }
    }
}

/// Errors of `/rates/export`.
pub struct RateExportErrors;

impl Documented for RateExportErrors {
    const STATUSES: &'static [u16] = &[404, 406, 426];
}

#[OpenApi(tag = "ApiTag::Rates")]
impl RateExportApi {
    /// Export the daily sums of all lanes
    ///
    /// One row for each day with prices of each lane between two ports, ordered by port of loading, port of discharge and day. A place
    /// restricts the export to lanes from or to it: a port, or all ports in a region at any depth. All rows are of one snapshot: an
    /// import meanwhile is in the whole export or not at all. `price_sum` and `price`, the average, are empty for days with
    /// fewer than 3 prices.
    ///
    /// The response is CSV with the columns `orig_code,dest_code,day,price_sum,price_count,price` (RFC 4180), and `Accept:
    /// application/x-ndjson` selects one JSON object per line. It is streamed, compressed if `Accept-Encoding` permits zstd or gzip, and
    /// must be read within 15 minutes. If an error follows its first byte, the connection is aborted. An export costs as much of the
    /// rate limit as 100 requests, and a client may read one at a time.
    #[oai(path = "/rates/export", method = "get", operation_id = "exportRates")]
    #[expect(clippy::too_many_arguments, reason = "the document lists each parameter")]
    async fn export(
        &self,
        _caller: Anyone,
        quota: RequestQuota,
        /// First day, inclusive.
        #[oai(example = "example_first_day")]
        date_from: Query<Field<Day>>,
        /// Last day, inclusive.
        date_to: Query<Field<Day>>,
        /// Only lanes from this place.
        orig_code: Query<Field<Place, Optional>>,
        /// Only lanes to this place.
        dest_code: Query<Field<Place, Optional>>,
        /// The same as `orig_code`; not together with it or `dest_code`.
        origin: Query<Field<Place, Optional>>,
        /// The same as `dest_code`; not together with it or `orig_code`.
        destination: Query<Field<Place, Optional>>,
        headers: &HeaderMap,
    ) -> Result<ExportResponse, ErrorResponse<RateExportErrors>> {
        let mut errors = Vec::new();
        let days = day_range(
            date_from.0,
            date_to.0,
            self.max_days,
            Location::Query,
            &mut errors,
        );
        let places = optional_places([orig_code.0, dest_code.0], [origin.0, destination.0], &mut errors);
        let (Some(days), Some((contract, [origin, destination])), true) = (days, places, errors.is_empty())
        else {
            return Err(Problem::invalid(errors).into());
        };
        let Some(format) = negotiate::best(headers, &OFFERED) else {
            let detail = "available as text/csv and application/x-ndjson";
            return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail).into());
        };
        quota.charge(COST)?;
        let query = ExportQuery {
            origin,
            destination,
            days,
        };
        let sums = self.streams.export(query).await;
        let sums = sums.map_err(|error| to_problem(&error, contract))?;
        let version = sums.version();
        let export = Export {
            sums,
            writer: ExportWriter::new(format),
            is_ended: false,
        };
        Ok(ExportResponse::new(format, version, export.into_parts()))
    }
}

fn example_first_day() -> Field<Day> {
    Field::example("2021-01-01")
}

/// The formats. Some generated clients accept the media type of errors only.
const OFFERED: [(&str, ExportFormat); 3] = [
    (ExportFormat::Csv.media_type(), ExportFormat::Csv),
    (ExportFormat::JsonLines.media_type(), ExportFormat::JsonLines),
    (problem::MEDIA_TYPE, ExportFormat::Csv),
];

/// The places, if any, and the contract of their names.
fn optional_places(
    counted: [PlaceField; 2],
    rounded: [PlaceField; 2],
    errors: &mut Vec<FieldError>,
) -> Option<(Contract, [Option<Place>; 2])> {
    let contract = combined(&counted, &rounded, Location::Query, "", errors)?;
    let fields = match contract {
        Contract::Counted => counted,
        Contract::Rounded => rounded,
    };
    let [origin_name, destination_name] = contract.names();
    let [origin, destination] = fields;
    let places = [
        origin.optional(origin_name, errors),
        destination.optional(destination_name, errors),
    ];
    Some((contract, places))
}

fn to_problem(error: &ExportError, contract: Contract) -> Problem {
    match error {
        ExportError::UnknownPlace { origin, destination } => contract.unknown_place([*origin, *destination]),
        ExportError::Busy => Problem::unavailable_for("too many exports are running", RETRY_AFTER),
        ExportError::Storage(error) => error.clone().into(),
    }
}

/// An export that is being written.
struct Export {
    sums: ExportStream,
    writer: ExportWriter,
    is_ended: bool,
}

impl Export {
    fn into_parts(self) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
        stream::try_unfold(self, |mut export| async move {
            let text = export.next_text().await.map_err(std::io::Error::other)?;
            Ok(text.map(|text| (text, export)))
        })
    }

    async fn next_text(&mut self) -> Result<Option<Bytes>, StorageError> {
        if self.is_ended {
            return Ok(None);
        }
        match self.sums.next().await? {
            Some(lanes) => lanes.iter().for_each(|lane| self.writer.write(lane)),
            None => self.is_ended = true,
        }
        // Also when there are no lanes: CSV has a header.
        Ok(Some(self.writer.take().into()))
    }
}

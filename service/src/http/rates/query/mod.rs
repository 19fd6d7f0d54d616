//! `POST /rates/query`: the rates of many lanes in one call, streamed in the order of the lanes.

/// The request body.
mod dto;

/// The answer.
mod format;

use super::fields::day_range;
use super::formats::{Contract, Format};
use crate::domain::StorageError;
use crate::domain::rates::streams::{Lane, LaneRates, LaneStream, RateStreams};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{Documented, ErrorResponse};
use crate::http::contract::negotiate;
use crate::http::contract::problem::{self, Problem};
use crate::http::contract::strict_json::StrictJson;
use crate::http::edge::request_quota::RequestQuota;
use crate::http::openapi::tags::ApiTag;
use crate::types::field_error::Location;
use bytes::Bytes;
use dto::RateQuery;
use format::{LanesResponse, LanesWriter};
use futures_util::stream::{self, Stream};
use http::{HeaderMap, StatusCode};
use poem_openapi::OpenApi;

/// Lanes that cost as much of the rate limit as one request. A statement of `/rates` answers up to 32.
const LANES_PER_REQUEST: usize = 10;

/// Maximum size of the request body: 1,000 lanes with names of maximum length are 160 kB without white space.
pub const MAX_BODY: usize = 256 * 1024;

/// The operation.
pub struct RateQueryApi {
    streams: RateStreams,
    max_days: u32,
}

impl RateQueryApi {
    /// The operation on these rates; one query spans at most `max_days` days.
    pub fn new(streams: RateStreams, max_days: u32) -> Self {
        Self { streams, max_days }
    }
}

/// Errors of `/rates/query`.
pub struct RateQueryErrors;

impl Documented for RateQueryErrors {
    const STATUSES: &'static [u16] = &[406, 413, 415, 426];
}

#[OpenApi(tag = "ApiTag::Rates")]
impl RateQueryApi {
    /// List daily rates of many lanes
    ///
    /// Up to 1,000 lanes in one call, each with the names of either contract of `GET /rates`, over one range of days. The answer
    /// has one entry per lane, in their order, with the days as `GET /rates` lists them: newest day first with exact averages and
    /// counts for `orig_code` and `dest_code`, oldest day first with rounded averages for `origin` and `destination`. A place that
    /// does not exist is an error in the entry of its lane, `error`, and the other lanes are answered. All lanes are of one snapshot:
    /// an import meanwhile is in the whole answer or not at all.
    ///
    /// The response is JSON, and `Accept: application/x-ndjson` selects one JSON object per line. It is streamed, compressed if
    /// `Accept-Encoding` permits zstd or gzip, and must be read within two minutes. If an error follows its first byte, the connection
    /// is aborted. Ten lanes cost as much of the rate limit as one request.
    #[oai(path = "/rates/query", method = "post", operation_id = "queryRates")]
    async fn query(
        &self,
        _caller: Anyone,
        quota: RequestQuota,
        headers: &HeaderMap,
        body: StrictJson<RateQuery>,
    ) -> Result<LanesResponse, ErrorResponse<RateQueryErrors>> {
        let mut errors = Vec::new();
        let RateQuery {
            date_from,
            date_to,
            lanes,
        } = body.0;
        let days = day_range(date_from, date_to, self.max_days, Location::Body, &mut errors);
        let lanes = lanes.parse(&mut errors);
        let (Some(days), Some(lanes)) = (days, lanes) else {
            return Err(Problem::invalid(errors).into());
        };
        let Some(format) = negotiate::best(headers, &OFFERED) else {
            let detail = "available as application/json and application/x-ndjson";
            return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail).into());
        };
        quota.charge(lanes.len().div_ceil(LANES_PER_REQUEST))?;
        let keys: Vec<Lane> = lanes.iter().map(|(_, lane)| lane.clone()).collect();
        let mut rates = self.streams.stream_lanes(&keys, days);
        // Until there is a first part, an error is a problem.
        let first = rates.next().await.map_err(Problem::from)?;
        let answer = Answer {
            lanes: lanes.into_iter(),
            rates,
            next: first,
            writer: LanesWriter::new(format),
            is_ended: false,
        };
        Ok(LanesResponse::new(format, answer.into_parts()))
    }
}

/// The formats. Some generated clients accept the media type of errors only.
const OFFERED: [(&str, Format); 3] = [
    (Format::Json.media_type(), Format::Json),
    (Format::JsonLines.media_type(), Format::JsonLines),
    (problem::MEDIA_TYPE, Format::Json),
];

/// An answer that is being written.
struct Answer {
    /// The lanes that are not written yet, each with the contract of its names.
    lanes: std::vec::IntoIter<(Contract, Lane)>,
    rates: LaneStream,
    /// The next part, if it is not written yet.
    next: Option<Vec<LaneRates>>,
    writer: LanesWriter,
    is_ended: bool,
}

impl Answer {
    fn into_parts(self) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
        stream::try_unfold(self, |mut answer| async move {
            let text = answer.next_text().await.map_err(std::io::Error::other)?;
            Ok(text.map(|text| (text, answer)))
        })
    }

    async fn next_text(&mut self) -> Result<Option<Bytes>, StorageError> {
        if self.is_ended {
            return Ok(None);
        }
        let part = match self.next.take() {
            Some(part) => Some(part),
            None => self.rates.next().await?,
        };
        let Some(part) = part else {
            self.is_ended = true;
            return Ok(Some(self.writer.finish().into()));
        };
        for (rates, (contract, lane)) in part.iter().zip(&mut self.lanes) {
            self.writer.write(contract, &lane, rates);
        }
        Ok(Some(self.writer.take().into()))
    }
}

//! `GET /rates` and `GET /rates.csv`: two contracts on each path, distinguished by their parameters.

/// Answers that were given before.
mod answers;

/// Exports.
pub mod export;

/// Days and places as fields.
mod fields;

/// The two contracts in three formats.
mod formats;

/// Many lanes in one call.
pub mod query;

/// The responses and their schemas.
mod responses;

use crate::domain::rates::{Rates, RatesError, RatesQuery};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{Documented, ErrorResponse, NotFoundErrors};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::negotiate;
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::telemetry::metrics::Metrics;
use crate::types::day::Day;
use crate::types::field_error::Location;
use crate::types::place::Place;
use answers::{Answer, AnswerKey, Answers};
use fields::{PlaceField, day_range, places};
use formats::{Contract, Format, write};
use http::{HeaderMap, StatusCode};
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use responses::{CsvResponse, RatesResponse};

/// The operations.
pub struct RatesApi {
    rates: Rates,
    max_days: u32,
    answers: Answers,
}

impl RatesApi {
    /// The operations on these rates; one query spans at most `max_days` days, and answers of at most `cache_bytes` are cached.
    pub fn new(rates: Rates, max_days: u32, cache_bytes: usize, metrics: Metrics) -> Self {
        Self {
            rates,
            max_days,
            answers: Answers::new(cache_bytes, metrics),
        }
    }
}

/// Errors of `/rates`.
pub struct RatesErrors;

impl Documented for RatesErrors {
    const STATUSES: &'static [u16] = &[404, 406];
}

#[OpenApi(tag = "ApiTag::Rates")]
impl RatesApi {
    /// List daily rates between two places
    ///
    /// Each place is a port code or a region slug; a region includes all ports below it, at any depth. A price counts once
    /// even if regions overlap, so a place can be combined with itself or with a region that contains it. With `orig_code`
    /// and `dest_code` the response is an object, newest day first, with exact averages and counts; with `origin` and
    /// `destination` it is an array, oldest day first, with rounded averages. Every day of the range has an entry. A day with
    /// fewer than 3 prices has no average.
    ///
    /// The response is JSON. `Accept: text/csv` selects CSV, and `Accept: application/x-ndjson` one JSON object per line;
    /// `GET /rates.csv` returns CSV whatever `Accept` is.
    #[oai(path = "/rates", method = "get", operation_id = "listRates")]
    #[expect(clippy::too_many_arguments, reason = "the document lists each parameter")]
    async fn list(
        &self,
        _caller: Anyone,
        /// First day, inclusive.
        #[oai(example = "example_first_day")]
        date_from: Query<Field<Day>>,
        /// Last day, inclusive.
        date_to: Query<Field<Day>>,
        /// Place of loading; requires `dest_code`.
        #[oai(example = "example_origin")]
        orig_code: Query<Field<Place, Optional>>,
        /// Place of discharge; requires `orig_code`.
        #[oai(example = "example_destination")]
        dest_code: Query<Field<Place, Optional>>,
        /// Place of loading; requires `destination`.
        origin: Query<Field<Place, Optional>>,
        /// Place of discharge; requires `origin`.
        destination: Query<Field<Place, Optional>>,
        // OpenAPI 3.0 ignores a parameter of the name `Accept`.
        headers: &HeaderMap,
    ) -> Result<RatesResponse, ErrorResponse<RatesErrors>> {
        let (contract, query) = self.query(
            [date_from.0, date_to.0],
            [orig_code.0, dest_code.0],
            [origin.0, destination.0],
        )?;
        let Some(format) = negotiate::best(headers, &Format::OFFERED) else {
            let detail = "available as application/json, text/csv and application/x-ndjson";
            return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail).into());
        };
        let key = AnswerKey {
            query,
            contract,
            format,
        };
        let answer = self.answer(key).await?;
        Ok(RatesResponse { format, answer })
    }

    /// List daily rates between two places as CSV
    ///
    /// The same as `GET /rates` with `Accept: text/csv`, for clients that cannot choose a format: one header line, then one
    /// line per day, as RFC 4180 describes. With `orig_code` and `dest_code` the columns are `day,price,count`, newest day
    /// first; with `origin` and `destination` they are `day,average_price`, oldest day first. An empty field stands for null.
    #[oai(path = "/rates.csv", method = "get", operation_id = "listRatesAsCsv")]
    #[expect(clippy::too_many_arguments, reason = "the document lists each parameter")]
    async fn list_as_csv(
        &self,
        _caller: Anyone,
        /// First day, inclusive.
        #[oai(example = "example_first_day")]
        date_from: Query<Field<Day>>,
        /// Last day, inclusive.
        date_to: Query<Field<Day>>,
        /// Place of loading; requires `dest_code`.
        #[oai(example = "example_origin")]
        orig_code: Query<Field<Place, Optional>>,
        /// Place of discharge; requires `orig_code`.
        #[oai(example = "example_destination")]
        dest_code: Query<Field<Place, Optional>>,
        /// Place of loading; requires `destination`.
        origin: Query<Field<Place, Optional>>,
        /// Place of discharge; requires `origin`.
        destination: Query<Field<Place, Optional>>,
    ) -> Result<CsvResponse, ErrorResponse<NotFoundErrors>> {
        // Never 406: some generated clients send the media types of the documented errors only (RFC 9110 §12.4.1 permits this).
        let (contract, query) = self.query(
            [date_from.0, date_to.0],
            [orig_code.0, dest_code.0],
            [origin.0, destination.0],
        )?;
        let key = AnswerKey {
            query,
            contract,
            format: Format::Csv,
        };
        Ok(CsvResponse(self.answer(key).await?))
    }
}

impl RatesApi {
    /// The contract and the query of these parameters.
    fn query(
        &self,
        [from, to]: [Field<Day>; 2],
        counted: [PlaceField; 2],
        rounded: [PlaceField; 2],
    ) -> Result<(Contract, RatesQuery), Problem> {
        let mut errors = Vec::new();
        let days = day_range(from, to, self.max_days, Location::Query, &mut errors);
        let places = places(counted, rounded, Location::Query, "", &mut errors);
        let (Some(days), Some((contract, origin, destination))) = (days, places) else {
            return Err(Problem::invalid(errors));
        };
        let query = RatesQuery {
            origin,
            destination,
            days,
        };
        Ok((contract, query))
    }

    async fn answer(&self, key: AnswerKey) -> Result<Answer, Problem> {
        // Before the database answers: the answer must not be older than its version.
        let version = self.rates.current_version();
        if let Some(answer) = self.answers.find(&key, version) {
            return Ok(answer);
        }
        match self.rates.list_daily(&key.query).await {
            Ok(rates) => {
                let answer = Answer::of(write(&rates, key.contract, key.format));
                self.answers.store(key, version, &answer);
                Ok(answer)
            }
            Err(RatesError::Storage(error)) => Err(error.into()),
            Err(RatesError::UnknownPlace { origin, destination }) => {
                Err(key.contract.unknown_place([origin, destination]))
            }
        }
    }
}

fn example_first_day() -> Field<Day> {
    Field::example("2021-01-01")
}

fn example_origin() -> PlaceField {
    Field::example("CNGGZ")
}

fn example_destination() -> PlaceField {
    Field::example("EETLL")
}

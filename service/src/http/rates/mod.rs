//! `GET /rates`: two contracts on one path, distinguished by their parameters.

/// Days and places as fields.
mod fields;

/// The two contracts in three formats.
mod formats;

use crate::domain::rates::{Rates, RatesError, RatesQuery};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{Documented, ErrorResponse};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::negotiate;
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::types::day::{Day, DayRange, DayRangeError};
use crate::types::field_error::FieldError;
use crate::types::place::Place;
use formats::{Contract, Format, media_types, schemas, write};
use http::{HeaderMap, StatusCode, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::param::Query;
use poem_openapi::registry::{MetaResponse, MetaResponses, Registry};
use poem_openapi::{ApiResponse, OpenApi};

/// The operation.
pub struct RatesApi {
    rates: Rates,
    max_days: u32,
}

impl RatesApi {
    /// The operation on these rates; one query spans at most `max_days` days.
    pub fn new(rates: Rates, max_days: u32) -> Self {
        Self { rates, max_days }
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
        let mut errors = Vec::new();
        let days = self.days(date_from.0, date_to.0, &mut errors);
        let places = places([orig_code.0, dest_code.0], [origin.0, destination.0], &mut errors);
        let (Some(days), Some((contract, origin, destination))) = (days, places) else {
            return Err(Problem::invalid(errors).into());
        };
        let Some(format) = negotiate::best(headers, &Format::OFFERED) else {
            let detail = "available as application/json, text/csv and application/x-ndjson";
            return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail).into());
        };
        let query = RatesQuery {
            origin,
            destination,
            days,
        };
        match self.rates.list_daily(&query).await {
            Ok(rates) => Ok(RatesResponse {
                format,
                body: write(&rates, contract, format),
            }),
            Err(RatesError::Storage(error)) => Err(Problem::from(error).into()),
            Err(RatesError::UnknownPlace { origin, destination }) => {
                let unknown = contract
                    .names()
                    .into_iter()
                    .zip([origin, destination])
                    .filter(|(_, unknown)| *unknown);
                let mut problem = Problem::new(
                    StatusCode::NOT_FOUND,
                    "unknown-place",
                    "the port or region does not exist",
                );
                problem.errors = unknown
                    .map(|(name, _)| FieldError::query(name, "does not exist"))
                    .collect();
                Err(problem.into())
            }
        }
    }
}

impl RatesApi {
    fn days(&self, from: Field<Day>, to: Field<Day>, errors: &mut Vec<FieldError>) -> Option<DayRange> {
        let (from, to) = (from.required("date_from", errors), to.required("date_to", errors));
        match DayRange::new(from?, to?, self.max_days) {
            Ok(days) => return Some(days),
            Err(DayRangeError::Reversed) => errors.push(FieldError::query("date_from", "is after date_to")),
            Err(DayRangeError::TooLong(max)) => {
                let reason = format!("is too far from date_from: one query spans at most {max} days");
                errors.push(FieldError::query("date_to", reason));
            }
        }
        None
    }
}

impl Contract {
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Counted => ["orig_code", "dest_code"],
            Self::Rounded => ["origin", "destination"],
        }
    }
}

type PlaceField = Field<Place, Optional>;

fn example_first_day() -> Field<Day> {
    Field::example("2021-01-01")
}

fn example_origin() -> PlaceField {
    Field::example("CNGGZ")
}

fn example_destination() -> PlaceField {
    Field::example("EETLL")
}

/// Requires exactly one complete pair.
fn places(
    counted: [PlaceField; 2],
    rounded: [PlaceField; 2],
    errors: &mut Vec<FieldError>,
) -> Option<(Contract, Place, Place)> {
    let given = |pair: &[PlaceField; 2]| pair.iter().any(Field::is_given);
    let (contract, pair) = match (given(&counted), given(&rounded)) {
        (true, true) => {
            let all = Contract::Counted.names().into_iter().zip(&counted);
            let all = all.chain(Contract::Rounded.names().into_iter().zip(&rounded));
            for (name, _) in all.filter(|(_, field)| field.is_given()) {
                errors.push(FieldError::query(
                    name,
                    "must not be combined: give either orig_code and dest_code, or origin and destination",
                ));
            }
            return None;
        }
        (_, false) => (Contract::Counted, counted),
        (false, true) => (Contract::Rounded, rounded),
    };
    let ([from, to], [from_name, to_name]) = (pair, contract.names());
    let (from, to) = (from.required(from_name, errors), to.required(to_name, errors));
    Some((contract, from?, to?))
}

/// The rates in the negotiated format.
pub struct RatesResponse {
    format: Format,
    body: Vec<u8>,
}

impl ApiResponse for RatesResponse {
    fn meta() -> MetaResponses {
        let response = MetaResponse {
            description: "The daily rates in the negotiated format",
            status: Some(200),
            status_range: None,
            content: media_types(),
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![response],
        }
    }

    fn register(registry: &mut Registry) {
        let schemas = schemas().map(|(name, schema)| (name.to_owned(), schema));
        registry.schemas.extend(schemas);
    }
}

impl IntoResponse for RatesResponse {
    fn into_response(self) -> Response {
        let kind = match self.format {
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Json | Format::JsonLines => self.format.media_type(),
        };
        Response::builder()
            .content_type(kind)
            .header(header::VARY, "Accept")
            .body(Body::from(self.body))
    }
}

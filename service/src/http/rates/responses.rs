//! The responses of the operations, and their schemas. Each operation documents one media type: generated clients expect the
//! first one whatever `Accept` says.

use super::answers::Answer;
use super::formats::{CSV_CONTENT_TYPE, Format};
use http::{HeaderValue, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};

/// Rates in the negotiated format.
pub struct RatesResponse {
    /// The format.
    pub format: Format,
    /// The rates in this format.
    pub answer: Answer,
}

/// Rates as CSV.
pub struct CsvResponse(pub Answer);

impl ApiResponse for RatesResponse {
    fn meta() -> MetaResponses {
        success("The daily rates", Format::Json, reference("Rates"))
    }

    fn register(registry: &mut Registry) {
        let schemas = schemas().map(|(name, schema)| (name.to_owned(), schema));
        registry.schemas.extend(schemas);
    }
}

impl IntoResponse for RatesResponse {
    fn into_response(self) -> Response {
        let mut response = response(self.format, self.answer);
        let negotiated = HeaderValue::from_static("Accept");
        response.headers_mut().insert(header::VARY, negotiated);
        response
    }
}

impl ApiResponse for CsvResponse {
    fn meta() -> MetaResponses {
        let text = inline(MetaSchema::new("string"));
        success("The daily rates, one line each after a header", Format::Csv, text)
    }

    fn register(_registry: &mut Registry) {}
}

impl IntoResponse for CsvResponse {
    fn into_response(self) -> Response {
        response(Format::Csv, self.0)
    }
}

fn response(format: Format, answer: Answer) -> Response {
    let content_type = match format {
        Format::Csv => CSV_CONTENT_TYPE,
        Format::Json | Format::JsonLines => format.media_type(),
    };
    Response::builder()
        .content_type(content_type)
        .header(header::ETAG, answer.tag)
        .body(Body::from(answer.body))
}

/// A successful response of one media type.
pub fn success(description: &'static str, format: Format, schema: MetaSchemaRef) -> MetaResponses {
    let content_type = format.media_type();
    MetaResponses {
        responses: vec![MetaResponse {
            description,
            status: Some(200),
            status_range: None,
            content: vec![MetaMediaType { content_type, schema }],
            headers: Vec::new(),
        }],
    }
}

/// The schemas by name: code generators name an inline schema after its place.
fn schemas() -> [(&'static str, MetaSchema); 5] {
    let counted = MetaSchema {
        description: Some("The prices of one day"),
        required: vec!["count", "day", "price"],
        properties: vec![
            (
                "count",
                inline(MetaSchema {
                    description: Some("Number of prices of the day; null if there are none"),
                    minimum: Some(1.0),
                    nullable: true,
                    ..MetaSchema::new_with_format("integer", "int64")
                }),
            ),
            ("day", day()),
            (
                "price",
                inline(MetaSchema {
                    description: Some(
                        "Average in US dollars, not rounded; null if there are fewer than 3 prices",
                    ),
                    nullable: true,
                    ..MetaSchema::new_with_format("number", "double")
                }),
            ),
        ],
        ..MetaSchema::new("object")
    };
    let rounded = MetaSchema {
        description: Some("The rounded average of one day"),
        required: vec!["day", "average_price"],
        properties: vec![
            ("day", day()),
            (
                "average_price",
                inline(MetaSchema {
                    description: Some(
                        "Average in whole US dollars, rounded half up; null if there are fewer than 3 prices",
                    ),
                    nullable: true,
                    ..MetaSchema::new_with_format("integer", "int64")
                }),
            ),
        ],
        ..MetaSchema::new("object")
    };
    let counted_list = MetaSchema {
        description: Some("With orig_code and dest_code: one entry per day, newest first"),
        required: vec!["rates"],
        properties: vec![("rates", inline(array_of("CountedRate")))],
        ..MetaSchema::new("object")
    };
    let rounded_list = MetaSchema {
        description: Some("With origin and destination: one entry per day, oldest first"),
        ..array_of("RoundedRate")
    };
    let rates = MetaSchema {
        description: Some("An object with orig_code and dest_code, an array with origin and destination"),
        one_of: vec![reference("CountedRates"), reference("RoundedRates")],
        ..MetaSchema::ANY
    };
    [
        ("Rates", rates),
        ("CountedRate", counted),
        ("CountedRates", counted_list),
        ("RoundedRate", rounded),
        ("RoundedRates", rounded_list),
    ]
}

/// A schema in its place.
pub fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}

/// A schema by its name.
pub fn reference(name: &str) -> MetaSchemaRef {
    MetaSchemaRef::Reference(name.to_owned())
}

/// An array of a schema.
pub fn array_of(of: &str) -> MetaSchema {
    MetaSchema {
        items: Some(Box::new(reference(of))),
        ..MetaSchema::new("array")
    }
}

/// A day as a member.
pub fn day() -> MetaSchemaRef {
    inline(MetaSchema {
        description: Some("Day"),
        example: Some("2021-01-31".into()),
        ..MetaSchema::new_with_format("string", "date")
    })
}

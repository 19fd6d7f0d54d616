//! The body of an upload: its format, its coding, and the stream of its bytes.

use crate::http::contract::problem::Problem;
use crate::http::edge::body::BodyPolicy;
use crate::http::edge::body_stream::BodyStream;
use crate::types::upload::{BatchFormat, BodyCoding};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

/// A body that is not read yet.
pub struct PriceBody {
    /// Its format.
    pub format: BatchFormat,
    /// Its content coding.
    pub coding: BodyCoding,
    /// Its bytes.
    pub stream: BodyStream,
}

const FORMATS: [(&str, BatchFormat); 3] = [
    ("text/csv", BatchFormat::Csv),
    ("application/x-ndjson", BatchFormat::JsonLines),
    ("application/json", BatchFormat::Json),
];

impl<'a> ApiExtractor<'a> for PriceBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_schema::<Self, _>("NewPrice".to_owned(), |_| new_price());
    }

    fn request_meta() -> Option<MetaRequest> {
        let array = MetaSchema {
            items: Some(Box::new(MetaSchemaRef::Reference("NewPrice".to_owned()))),
            ..MetaSchema::new("array")
        };
        // Generators know no body of several media types, so that only one is listed.
        Some(MetaRequest {
            description: Some(
                "The prices, with `Content-Encoding: gzip` or `zstd` or none. Instead of `application/json` also `text/csv` (RFC 4180: \
                 a header with the columns orig_code, dest_code, day and price in any order, then a price per line) and \
                 `application/x-ndjson` (a `NewPrice` per line).",
            ),
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: MetaSchemaRef::Inline(Box::new(array)),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self {
            format: format(request.headers())?,
            coding: coding(request.headers()),
            stream: BodyStream::new(BodyPolicy::of(request), body.take()?),
        })
    }
}

fn new_price() -> MetaSchema {
    let inline = |schema| MetaSchemaRef::Inline(Box::new(schema));
    let port = |description| {
        inline(MetaSchema {
            description: Some(description),
            pattern: Some("^[A-Z]{2}[A-Z0-9]{3}$".to_owned()),
            ..MetaSchema::new("string")
        })
    };
    MetaSchema {
        description: Some("An offer for a standard container on a day"),
        required: vec!["orig_code", "dest_code", "day", "price"],
        properties: vec![
            ("orig_code", port("UN/LOCODE of the port of loading")),
            ("dest_code", port("UN/LOCODE of the port of discharge")),
            (
                "day",
                inline(MetaSchema {
                    description: Some("Day"),
                    example: Some("2021-01-31".into()),
                    ..MetaSchema::new_with_format("string", "date")
                }),
            ),
            (
                "price",
                inline(MetaSchema {
                    description: Some("Whole US dollars"),
                    minimum: Some(0.0),
                    maximum: Some(2_147_483_647.0),
                    ..MetaSchema::new_with_format("integer", "int32")
                }),
            ),
        ],
        ..MetaSchema::new("object")
    }
}

fn format(headers: &HeaderMap) -> Result<BatchFormat, Problem> {
    let text = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str);
    let text = text.and_then(std::result::Result::ok).unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let found = FORMATS
        .iter()
        .find(|(name, _)| essence.eq_ignore_ascii_case(name));
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    match found {
        Some((_, format)) if is_utf8 => Ok(*format),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "the body must be text/csv, application/x-ndjson or application/json, in UTF-8",
        )),
    }
}

/// The edge has rejected all others.
fn coding(headers: &HeaderMap) -> BodyCoding {
    let fields = headers.get_all(header::CONTENT_ENCODING).iter();
    let texts = fields.filter_map(|field| field.to_str().ok());
    let codings = texts.flat_map(|text| text.split(',')).map(str::trim);
    let mut applied = codings.filter_map(BodyCoding::of_header);
    applied.next().unwrap_or(BodyCoding::Identity)
}

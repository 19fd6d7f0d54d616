//! Header fields as arguments of operations, parsed like other fields. The argument must have the header's name.

use super::field::{Field, FieldValue, Presence, Required};
use crate::types::field_error::FieldError;
use http::HeaderMap;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

/// A value of a header field.
pub trait HeaderFieldValue: FieldValue {
    /// The header's name.
    const NAME: &'static str;
}

/// A header field that occurs at most once.
#[derive(Debug)]
pub struct HeaderField<T, P = Required>(Field<T, P>);

impl<T: HeaderFieldValue, P: Presence> HeaderField<T, P> {
    /// The value, or `None` after adding an error to the list. A missing value is an error.
    pub fn required(self, errors: &mut Vec<FieldError>) -> Option<T> {
        self.0.required(T::NAME, errors)
    }

    /// The value, or `None` if it is missing or after adding an error to the list.
    pub fn optional(self, errors: &mut Vec<FieldError>) -> Option<T> {
        self.0.optional(T::NAME, errors)
    }

    fn of(headers: &HeaderMap) -> Self {
        let values: Vec<&[u8]> = headers
            .get_all(T::NAME)
            .iter()
            .map(http::HeaderValue::as_bytes)
            .collect();
        // Bytes that are no text are invalid in every header that is parsed.
        let texts = values
            .iter()
            .map(|value| str::from_utf8(value).unwrap_or("\u{fffd}"));
        Self(Field::of_header(texts))
    }
}

impl<'a, T: HeaderFieldValue, P: Presence> ApiExtractor<'a> for HeaderField<T, P> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = P::REQUIRED;

    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(T::schema())))
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self::of(request.headers()))
    }
}

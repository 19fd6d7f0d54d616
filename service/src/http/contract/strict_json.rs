//! Strict JSON bodies (RFC 8259, I-JSON): repeated and unknown members, trailing data, NaN and deep nesting are rejected.

use super::problem::Problem;
use crate::http::edge::body::BodyPolicy;
use crate::types::field_error::{FieldError, Location};
use http::StatusCode;
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Maximum nesting depth of arrays and objects.
const MAX_DEPTH: u8 = 32;

/// Maximum number of unknown members that are reported.
const MAX_REPORTED: usize = 20;

/// A JSON body of this type.
#[derive(Debug)]
pub struct StrictJson<T>(pub T);

impl<T: Type> Payload for StrictJson<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T> StrictJson<T> {
    /// Reads and parses the body.
    pub(super) async fn read(request: &Request, body: &mut RequestBody) -> Result<Value> {
        let bytes = BodyPolicy::of(request).read(body.take()?).await?;
        let value = parse(&bytes).map_err(|reason| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad-json",
                format!("the request body is not valid JSON: {reason}"),
            )
        })?;
        Ok(value)
    }
}

impl<T: ParseFromJSON> ParsePayload for StrictJson<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        Ok(Self(typed(Self::read(request, body).await?)?))
    }
}

poem_openapi::impl_apirequest_for_payload!(StrictJson<T>, T: ParseFromJSON);

/// A JSON body that may be left out.
#[derive(Debug)]
pub struct OptionalJson<T>(pub Option<T>);

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for OptionalJson<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        StrictJson::<T>::request_meta().map(|meta| MetaRequest {
            required: false,
            ..meta
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let policy = BodyPolicy::of(request);
        let bytes = policy.read(body.take()?).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        let mut body = RequestBody::new(bytes.into());
        let typed = <StrictJson<T> as ApiExtractor>::from_request(request, &mut body, options).await?;
        Ok(Self(Some(typed.0)))
    }
}

/// Converts the value. All unknown members are reported together; they are looked for only when the conversion fails, since
/// that takes the schema.
pub fn typed<T: ParseFromJSON>(value: Value) -> Result<T, Problem> {
    let names: Vec<String> = value
        .as_object()
        .map(|object| object.keys().cloned().collect())
        .unwrap_or_default();
    T::parse_from_json(Some(value)).map_err(|error| {
        let known = members::<T>();
        let unknown = names
            .iter()
            .filter(|name| !known.iter().any(|known| known == name));
        let mut errors: Vec<FieldError> = unknown
            .take(MAX_REPORTED)
            .map(|name| {
                FieldError::new(
                    Location::Body,
                    &printable(name),
                    "is not a member of this request",
                )
            })
            .collect();
        if errors.is_empty() {
            let name = field_of(error.message());
            errors.push(FieldError::new(Location::Body, &name, "is invalid or missing"));
        }
        Problem::invalid(errors)
    })
}

/// The names of an object's members.
pub fn members<T: Type>() -> Vec<&'static str> {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let schema = match T::schema_ref() {
        MetaSchemaRef::Inline(schema) => Some(*schema),
        MetaSchemaRef::Reference(name) => registry.schemas.remove(&name),
    };
    let properties = schema.map(|schema| schema.properties).unwrap_or_default();
    properties.into_iter().map(|(name, _)| name).collect()
}

/// The name of the member in an error of poem-openapi, which puts it in backticks. Quoted parts are types and the client's
/// values, which are not echoed.
fn field_of(message: &str) -> String {
    let unquoted = message.split('"').step_by(2).find(|part| part.contains('`'));
    let name = unquoted
        .and_then(|part| part.split('`').nth(1))
        .unwrap_or_default();
    printable(name)
}

fn printable(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        .take(64)
        .collect()
}

/// Parses a complete text strictly. The reason never quotes a value.
pub fn parse(text: &[u8]) -> Result<Value, &'static str> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { left: MAX_DEPTH }
        .deserialize(&mut deserializer)
        .map_err(|error| reason(&error))?;
    deserializer.end().map_err(|_| "there is data after the value")?;
    Ok(value)
}

fn reason(error: &serde_json::Error) -> &'static str {
    let text = error.to_string();
    match text.split(" at line").next().unwrap_or_default() {
        REPEATED => REPEATED,
        TOO_DEEP => TOO_DEEP,
        _ if error.is_eof() => "it ends too early",
        _ => "it is malformed",
    }
}

const REPEATED: &str = "a member is repeated";
const TOO_DEEP: &str = "it is nested too deeply";

struct Strict {
    left: u8,
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        self.left
            .checked_sub(1)
            .map(|left| Self { left })
            .ok_or_else(|| E::custom(TOO_DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.deeper()?)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom(REPEATED));
            }
        }
        Ok(Value::Object(object))
    }
}

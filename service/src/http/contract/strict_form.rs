//! Strict form bodies (`application/x-www-form-urlencoded`): valid UTF-8, each name once. The type parses the values as it
//! does JSON strings.

use super::form_urlencoded::pairs;
use super::problem::Problem;
use crate::http::edge::body::BodyPolicy;
use crate::types::field_error::{FieldError, Location};
use http::StatusCode;
use poem::{Request, RequestBody, Result};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, Type};
use serde_json::{Map, Value};

/// A form of this type.
#[derive(Debug)]
pub struct StrictForm<T>(pub T);

impl<T: Type> Payload for StrictForm<T> {
    const CONTENT_TYPE: &'static str = "application/x-www-form-urlencoded";

    fn check_content_type(content_type: &str) -> bool {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case(Self::CONTENT_TYPE)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ParseFromJSON> ParsePayload for StrictForm<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> Result<Self> {
        let policy = request.extensions().get::<BodyPolicy>().copied();
        let policy = policy.ok_or_else(Problem::internal)?;
        let bytes = policy.read(body.take()?).await?;
        let typed = T::parse_from_json(Some(Value::Object(parse(&bytes)?)));
        // Fields never fail to parse; only an unknown member does.
        typed.map(Self).map_err(|_| malformed().into())
    }
}

poem_openapi::impl_apirequest_for_payload!(StrictForm<T>, T: ParseFromJSON);

/// The fields of a form, each of which may occur once.
pub fn parse(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let mut fields = Map::new();
    for (name, value) in pairs(bytes).ok_or_else(malformed)? {
        if fields.contains_key(&name) {
            let error = FieldError::new(Location::Body, &name, "is given more than once");
            return Err(Problem::invalid(vec![error]));
        }
        fields.insert(name, value.into());
    }
    Ok(fields)
}

fn malformed() -> Problem {
    let detail = "the request body is not a valid form";
    Problem::new(StatusCode::BAD_REQUEST, "bad-form", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_and_non_text_are_rejected() {
        for (bad, kind) in [
            ("a=1&a=2", "invalid-fields"),
            ("a=1&%61=2", "invalid-fields"),
            ("a=%ff", "bad-form"),
        ] {
            assert_eq!(parse(bad.as_bytes()).unwrap_err().kind, kind, "{bad}");
        }
        assert_eq!(parse(b"a=\xff").unwrap_err().kind, "bad-form");
    }
}

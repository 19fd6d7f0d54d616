//! Finds query parameters that an operation does not document.

use crate::http::openapi::route_table::RouteEntry;
use crate::types::field_error::FieldError;
use http::Method;
use std::borrow::Cow;

/// A error for each query parameter that the operation does not know.
pub fn unknown_parameters(operations: &RouteEntry, method: &Method, query: Option<&str>) -> Vec<FieldError> {
    let Some(query) = query else { return Vec::new() };
    let known = operations.parameters(method).unwrap_or_default();
    let mut errors: Vec<FieldError> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = decode(pair.split('=').next().unwrap_or_default());
        if !known.iter().any(|known| *known == name) {
            let error = FieldError::query(&name, "is not a parameter of this operation");
            // A flood of names is answered with a few of them.
            if errors.len() < 20 && !errors.contains(&error) {
                errors.push(error);
            }
        }
    }
    errors
}

/// As forms encode names: `+` is a space, `%` begins a byte.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(
        percent_encoding::percent_decode_str(&spaced)
            .decode_utf8_lossy()
            .into_owned(),
    )
}

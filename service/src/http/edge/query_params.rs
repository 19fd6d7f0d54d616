//! Finds query parameters that an operation does not document.

use crate::http::contract::form_urlencoded::decode;
use crate::http::openapi::route_table::RouteEntry;
use crate::types::field_error::FieldError;
use http::Method;

/// The maximum number of unknown parameters in one response.
const MAX_REPORTED: usize = 20;

/// An error for each query parameter that the route does not take with this method.
pub fn unknown(route: &RouteEntry, method: &Method, query: Option<&str>) -> Vec<FieldError> {
    let known = route.parameters(method).unwrap_or_default();
    let mut errors: Vec<FieldError> = Vec::new();
    for pair in query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let name = pair.split('=').next().unwrap_or_default();
        let name = decode(name).unwrap_or_else(|| name.to_owned());
        if !known.contains(&name) {
            let error = FieldError::query(&name, "is not a parameter of this operation");
            if errors.len() < MAX_REPORTED && !errors.contains(&error) {
                errors.push(error);
            }
        }
    }
    errors
}

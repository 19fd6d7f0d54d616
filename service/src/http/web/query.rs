//! Query parameters of pages. The edge rejects unknown names; this file rejects repeated ones.

use crate::http::contract::form_urlencoded::decode;
use crate::http::contract::problem::Problem;
use crate::types::field_error::FieldError;
use poem::Request;

/// The value of a parameter; `None` if it is missing.
pub fn find(request: &Request, name: &str) -> Result<Option<String>, Problem> {
    let query = request.uri().query().unwrap_or_default();
    let mut values = query.split('&').filter_map(|pair| {
        let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
        (found == name).then_some(value)
    });
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let invalid = |reason| Problem::invalid(vec![FieldError::query(name, reason)]);
    if values.next().is_some() {
        return Err(invalid("is given more than once"));
    }
    decode(value).map(Some).ok_or_else(|| invalid("is invalid"))
}

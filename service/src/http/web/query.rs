//! Query parameters of pages. Which names a page takes is checked at the edge; here, that each comes once.

use crate::http::contract::problem::Problem;
use crate::types::field_error::FieldError;
use poem::Request;

/// The value of a parameter; `None` where it is missing.
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
    let spaced = value.replace('+', " ");
    let text = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    text.map(|text| Some(text.into_owned()))
        .map_err(|_| invalid("is not valid"))
}

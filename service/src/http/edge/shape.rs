//! The shape of a request: size of its head, parameters that its operation does not know.
use crate::http::operations::PathOperations;
use crate::http::problem::Problem;
use crate::types::fault::FieldFault;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use std::borrow::Cow;

/// Bytes of a request target. Ten kilobytes of nonsense in a parameter are still answered by its name.
const LONGEST_TARGET: usize = 16_384;

/// Bytes of names and values of all header fields.
const LARGEST_HEAD: usize = 16_384;

/// Header fields.
const MOST_FIELDS: usize = 100;

/// Refuses heads that are too large. What is far larger still is refused before, by the HTTP library.
pub fn check_head(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > LONGEST_TARGET {
        return Err(Problem::new(
            StatusCode::URI_TOO_LONG,
            "target-too-long",
            "the request target is too long",
        ));
    }
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > LARGEST_HEAD || headers.len() > MOST_FIELDS {
        let detail = "the request's header fields are too large or too many";
        return Err(Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "head-too-large",
            detail,
        ));
    }
    Ok(())
}

/// Several `Accept` lines are one list (RFC 9110 §5.3); the framework hands out the first line only.
pub fn join_accept(headers: &mut HeaderMap) {
    let lines: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    if lines.len() > 1
        && let Ok(list) = HeaderValue::from_str(&lines.join(", "))
    {
        headers.insert(header::ACCEPT, list);
    }
}

/// A fault for each query parameter that the operation does not know.
pub fn unknown_parameters(
    operations: &PathOperations,
    method: &Method,
    query: Option<&str>,
) -> Vec<FieldFault> {
    let Some(query) = query else { return Vec::new() };
    let known = operations.parameters(method).unwrap_or_default();
    let mut faults: Vec<FieldFault> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = decode(pair.split('=').next().unwrap_or_default());
        if !known.iter().any(|known| *known == name) {
            let fault = FieldFault::query(&name, "is not a parameter of this operation");
            // A flood of names is answered with a few of them.
            if faults.len() < 20 && !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    faults
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_lines_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("text/html"));
        headers.append(header::ACCEPT, HeaderValue::from_static("text/csv"));
        join_accept(&mut headers);
        assert_eq!(
            headers.get_all(header::ACCEPT).iter().collect::<Vec<_>>(),
            ["text/html, text/csv"]
        );
    }
}

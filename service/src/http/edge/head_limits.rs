//! Limits on the size of a request's target and header fields.

use crate::http::contract::problem::Problem;
use http::{HeaderMap, StatusCode, Uri};

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

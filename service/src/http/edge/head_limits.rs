//! Limits on the size of a request's target and header fields.

use crate::http::contract::problem::Problem;
use http::{HeaderMap, StatusCode, Uri};

/// Bytes of the request target. Permits ten kilobytes in a parameter, which is then reported by name.
const MAX_TARGET_BYTES: usize = 16_384;

/// Bytes of names and values of all header fields.
const MAX_HEADER_BYTES: usize = 16_384;

/// Number of header fields.
const MAX_HEADER_FIELDS: usize = 100;

/// Rejects a head that is too large. The HTTP library already rejects one that is far larger.
pub fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > MAX_TARGET_BYTES {
        return Err(Problem::new(
            StatusCode::URI_TOO_LONG,
            "target-too-long",
            "the request URI is too long",
        ));
    }
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > MAX_HEADER_BYTES || headers.len() > MAX_HEADER_FIELDS {
        let detail = "the request header fields are too large or too many";
        return Err(Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "request-header-fields-too-large",
            detail,
        ));
    }
    Ok(())
}

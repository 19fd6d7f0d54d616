//! Transfer and content codings of requests: `chunked` alone, and no content coding.

use crate::http::contract::problem::Problem;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// Rejects every `Transfer-Encoding` but a single `chunked` (RFC 9112 §6.1). The HTTP library only looks at the last coding;
/// a proxy that looks at the others frames the message differently, so the connection is closed.
pub fn check_transfer(headers: &HeaderMap) -> Result<(), Problem> {
    let mut fields = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = |field: &HeaderValue| field.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    match (fields.next(), fields.next()) {
        (None, _) => Ok(()),
        (Some(field), None) if is_chunked(field) => Ok(()),
        _ => {
            let detail = "the only supported transfer coding is chunked, once";
            let problem = Problem::new(StatusCode::NOT_IMPLEMENTED, "unsupported-transfer-coding", detail);
            Err(problem.with_header(header::CONNECTION, HeaderValue::from_static("close")))
        }
    }
}

/// Rejects content codings (RFC 9110 §15.5.16): no operation decodes a body.
pub fn check_content(headers: &HeaderMap) -> Result<(), Problem> {
    let is_plain = |field: &HeaderValue| {
        let codings = field.to_str().unwrap_or("unreadable").split(',').map(str::trim);
        codings
            .into_iter()
            .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"))
    };
    if headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        return Ok(());
    }
    let detail = "request bodies must not have a content coding";
    let problem = Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-content-coding",
        detail,
    );
    Err(problem.with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &header::HeaderName, values: &[&'static str]) -> HeaderMap {
        let fields = values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_static(value)));
        fields.collect()
    }

    #[test]
    fn only_a_single_chunked_is_accepted() {
        let check =
            |values: &[&'static str]| check_transfer(&headers(&header::TRANSFER_ENCODING, values)).is_ok();
        for values in [&[][..], &["chunked"], &["Chunked"]] {
            assert!(check(values), "{values:?}");
        }
        for values in [
            &["gzip, chunked"][..],
            &["identity, chunked"],
            &["chunked, chunked"],
            &["chunked", "chunked"],
            &["gzip", "chunked"],
            &["chunked;q=1"],
            &[",chunked"],
            &[""],
        ] {
            assert!(!check(values), "{values:?}");
        }
    }

    #[test]
    fn every_content_coding_is_rejected() {
        let check =
            |values: &[&'static str]| check_content(&headers(&header::CONTENT_ENCODING, values)).is_ok();
        for values in [&[][..], &["identity"], &[""]] {
            assert!(check(values), "{values:?}");
        }
        for values in [
            &["gzip"][..],
            &["br"],
            &["identity, gzip"],
            &["identity", "deflate"],
            &["x"],
        ] {
            assert!(!check(values), "{values:?}");
        }
    }
}

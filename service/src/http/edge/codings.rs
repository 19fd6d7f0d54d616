//! Transfer and content codings of requests: `chunked` alone, and the content codings that the operation decodes.

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

/// Rejects content codings (RFC 9110 §15.5.16) other than one of these, which the operation decodes.
pub fn check_content(headers: &HeaderMap, decoded: &[&str]) -> Result<(), Problem> {
    let fields = headers.get_all(header::CONTENT_ENCODING).iter();
    let lists = fields.map(|field| field.to_str().unwrap_or("unreadable"));
    let codings = lists.flat_map(|list| list.split(',').map(str::trim));
    let mut applied = codings.filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
    let is_decoded = |coding: &str| decoded.iter().any(|known| coding.eq_ignore_ascii_case(known));
    match (applied.next(), applied.next()) {
        (None, _) => return Ok(()),
        (Some(coding), None) if is_decoded(coding) => return Ok(()),
        _ => {}
    }
    let (detail, accepted) = if decoded.is_empty() {
        (
            "request bodies must not have a content coding",
            "identity".to_owned(),
        )
    } else {
        (
            "the request body has a content coding that `Accept-Encoding` does not list",
            decoded.join(", "),
        )
    };
    let problem = Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-content-coding",
        detail,
    );
    let accepted = HeaderValue::from_str(&accepted).unwrap_or(HeaderValue::from_static("identity"));
    Err(problem.with_header(header::ACCEPT_ENCODING, accepted))
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
    fn only_a_single_coding_that_is_decoded_is_accepted() {
        let check = |values: &[&'static str], decoded: &[&str]| {
            check_content(&headers(&header::CONTENT_ENCODING, values), decoded).is_ok()
        };
        for values in [&[][..], &["identity"], &[""]] {
            assert!(check(values, &[]) && check(values, &["gzip"]), "{values:?}");
        }
        for values in [&["gzip"][..], &["GZIP"], &["identity, gzip"]] {
            assert!(
                !check(values, &[]) && check(values, &["zstd", "gzip"]),
                "{values:?}"
            );
        }
        for values in [
            &["br"][..],
            &["gzip, gzip"],
            &["gzip, zstd"],
            &["gzip", "gzip"],
            &["identity", "deflate"],
            &["x"],
        ] {
            assert!(!check(values, &["zstd", "gzip"]), "{values:?}");
        }
    }
}

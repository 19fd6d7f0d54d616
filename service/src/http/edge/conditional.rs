//! Conditional reads (RFC 9110 §13.1.2): a client that has the current representation gets 304 instead of it, wherever a
//! response has an `ETag`.

use http::{HeaderValue, Method, StatusCode, header};
use poem::{Body, Request, Response};

/// `If-None-Match` of a GET or HEAD.
pub struct Condition(Option<Vec<HeaderValue>>);

impl Condition {
    /// The request's condition.
    pub fn of(request: &Request) -> Self {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Self(None);
        }
        let fields = request.headers().get_all(header::IF_NONE_MATCH).iter();
        Self(Some(fields.cloned().collect()))
    }

    /// The response, or 304 in its place. Only a 200 is conditional (RFC 9110 §13.2.1).
    pub fn apply(&self, mut response: Response) -> Response {
        let current = response.headers().get(header::ETAG);
        let is_known = match (&self.0, current) {
            (Some(fields), Some(current)) => fields.iter().any(|field| matches(field, current)),
            _ => false,
        };
        if response.status() == StatusCode::OK && is_known {
            response.set_status(StatusCode::NOT_MODIFIED);
            response.headers_mut().remove(header::CONTENT_TYPE);
            response.headers_mut().remove(header::CONTENT_ENCODING);
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response.set_body(Body::empty());
        }
        response
    }
}

/// Whether `*` or a tag of the list is the current one by weak comparison (RFC 9110 §8.8.3.2). No tag of ours contains a comma.
fn matches(field: &HeaderValue, current: &HeaderValue) -> bool {
    let opaque = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_vec();
    let current = opaque(current.as_bytes());
    let mut tags = field.as_bytes().split(|byte| *byte == b',');
    tags.any(|tag| matches!(tag.trim_ascii(), b"*") || opaque(tag.trim_ascii()) == current)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: Method, condition: &'static str, etag: Option<&'static str>) -> StatusCode {
        let request = Request::builder()
            .method(method)
            .header(header::IF_NONE_MATCH, condition)
            .finish();
        let mut response = Response::builder();
        if let Some(etag) = etag {
            response = response.header(header::ETAG, etag);
        }
        Condition::of(&request).apply(response.body("whole")).status()
    }

    #[test]
    fn a_current_representation_is_not_sent_again() {
        let (ok, not_modified) = (StatusCode::OK, StatusCode::NOT_MODIFIED);
        for (condition, expected) in [
            ("\"3\"", not_modified),
            ("W/\"3\"", not_modified),
            ("*", not_modified),
            ("\"1\", \"3\" ,\"4\"", not_modified),
            ("\"1\",\"33\"", ok),
            ("3", ok),
            ("", ok),
        ] {
            assert_eq!(
                status(Method::GET, condition, Some("\"3\"")),
                expected,
                "{condition}"
            );
            assert_eq!(
                status(Method::HEAD, condition, Some("\"3\"")),
                expected,
                "{condition}"
            );
        }
        assert_eq!(status(Method::GET, "*", None), ok, "nothing to compare with");
        assert_eq!(status(Method::PUT, "*", Some("\"3\"")), ok);
    }
}

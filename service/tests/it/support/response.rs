//! A response, whichever client received it.

use http::HeaderMap;
use serde_json::Value;

/// Status, header fields, body.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header field; empty when it is missing. Panics when the field is repeated.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} is repeated");
        value
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The body as a problem of this status. Panics unless it has every member that RFC 9457 and this service require.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        let problem = self.json();
        for member in ["type", "title", "detail", "request_id"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{member} is missing: {problem}");
        }
        let kind = problem["type"].as_str().unwrap();
        assert!(
            kind.starts_with("urn:portcullis:problem:") && kind.len() > 23,
            "{problem}"
        );
        assert!(problem["instance"].is_string(), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        let kept = problem.get("client_request_id");
        let id = kept.unwrap_or(&problem["request_id"]);
        assert_eq!(*id, self.header("x-request-id"), "{problem}");
        problem
    }

    /// The fields that a problem of this status names, as `query:date_from`.
    pub fn fields(&self, status: u16) -> Vec<String> {
        let problem = self.problem(status);
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let name = |error: &Value| {
            assert!(error["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
            format!(
                "{}:{}",
                error["in"].as_str().unwrap(),
                error["field"].as_str().unwrap()
            )
        };
        errors.iter().map(name).collect()
    }
}

//! Request ids: `X-Request-Id` is accepted or generated, `traceparent` continued or started.

use crate::telemetry::trace_context::{TraceContext, hex};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The id of a request, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The ids of one request.
pub struct RequestIds {
    /// The client's id if it is safe to log, otherwise a generated one.
    pub request_id: String,
    /// The trace context.
    pub trace: TraceContext,
}

impl RequestIds {
    /// Reads the headers. A header that is given twice counts as missing.
    pub fn of(headers: &HeaderMap) -> Self {
        let single = |name: &HeaderName| {
            let mut values = headers.get_all(name).iter();
            values
                .next()
                .filter(|_| values.next().is_none())
                .and_then(|value| value.to_str().ok())
        };
        let request_id = single(&REQUEST_ID)
            .filter(|id| is_safe(id))
            .map_or_else(random_id, str::to_owned);
        Self {
            request_id,
            trace: TraceContext::from_header(single(&TRACEPARENT)),
        }
    }

    /// Adds both headers to a response.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            headers.insert(REQUEST_ID, value);
        }
        if let Ok(value) = HeaderValue::from_str(&self.trace.to_string()) {
            headers.insert(TRACEPARENT, value);
        }
    }
}

/// At most 128 letters, digits and `-_.:`: nothing that could forge a log line or markup.
fn is_safe(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

fn random_id() -> String {
    hex(rand::random::<[u8; 16]>())
}

//! Request ids: ours is generated, the client's `X-Request-Id` is recorded beside it; `traceparent` is continued or started.

use crate::telemetry::trace_context::{TraceContext, hex};
use crate::types::request_id::RequestId;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The id of a request, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The ids of one request.
pub struct RequestIds {
    /// Our id and the client's.
    pub request_id: RequestId,
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
        let of_client = single(&REQUEST_ID).filter(|id| is_safe(id));
        Self {
            request_id: RequestId {
                own: random_id(),
                of_client: of_client.map(str::to_owned),
            },
            trace: TraceContext::from_header(single(&TRACEPARENT)),
        }
    }

    /// Adds both headers to a response.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(self.request_id.echoed()) {
            headers.insert(REQUEST_ID, value);
        }
        if let Ok(value) = HeaderValue::from_str(&self.trace.to_string()) {
            headers.insert(TRACEPARENT, value);
        }
    }
}

/// At most 128 ASCII alphanumeric characters and `-_.:`: nothing that could forge a log line or markup.
fn is_safe(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

fn random_id() -> String {
    hex(rand::random::<[u8; 16]>())
}

//! Who this request is: `X-Request-Id` made or kept, `traceparent` continued or begun.

use crate::telemetry::trace_context::{TraceContext, hex};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that names a request, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request's names.
pub struct Identity {
    /// Ours or, where it is harmless, the sender's.
    pub request_id: String,
    /// The trace.
    pub trace: TraceContext,
}

impl Identity {
    /// Reads the headers. Two of a kind are as good as none.
    pub fn of(headers: &HeaderMap) -> Self {
        let single = |name: &HeaderName| {
            let mut values = headers.get_all(name).iter();
            values
                .next()
                .filter(|_| values.next().is_none())
                .and_then(|value| value.to_str().ok())
        };
        let request_id = single(&REQUEST_ID)
            .filter(|id| is_harmless(id))
            .map_or_else(random_id, str::to_owned);
        Self {
            request_id,
            trace: TraceContext::of(single(&TRACEPARENT)),
        }
    }

    /// Puts both names on the answer.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            headers.insert(REQUEST_ID, value);
        }
        if let Ok(value) = HeaderValue::from_str(&self.trace.to_string()) {
            headers.insert(TRACEPARENT, value);
        }
    }
}

/// Letters, digits and `-_.:`, at most 128: nothing that could forge a log line or a page.
fn is_harmless(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

fn random_id() -> String {
    hex(rand::random::<[u8; 16]>())
}

//! Cross-origin requests (WHATWG Fetch): closed, unless the settings name the origin. Never `*`, never credentials.

use http::{HeaderMap, HeaderValue, Method, header};

/// The origins that may read answers.
pub struct Cors(Vec<String>);

impl Cors {
    /// Origins as browsers send them, as in `https://app.example`.
    pub fn new(origins: Vec<String>) -> Self {
        Self(origins)
    }

    /// Whether the answer depends on who asks, and what to add to it.
    pub fn write(
        &self,
        method: &Method,
        request: &RequestOrigin,
        answer: &mut HeaderMap,
        allow: Option<&HeaderValue>,
    ) {
        if self.0.is_empty() {
            return;
        }
        answer.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = request.origin.as_ref().filter(|origin| self.knows(origin)) else {
            return;
        };
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let exposed = "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";
        answer.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(exposed),
        );
        if method == Method::OPTIONS && request.is_preflight {
            if let Some(methods) = allow {
                answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
            }
            let headers =
                "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Traceparent";
            answer.insert(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static(headers),
            );
            answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
    }

    fn knows(&self, origin: &HeaderValue) -> bool {
        self.0.iter().any(|known| known.as_bytes() == origin.as_bytes())
    }
}

/// What a request says about where it comes from.
pub struct RequestOrigin {
    origin: Option<HeaderValue>,
    is_preflight: bool,
}

impl RequestOrigin {
    /// Reads the headers.
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            origin: headers.get(header::ORIGIN).cloned(),
            is_preflight: headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
        }
    }
}

//! Cross-origin requests (WHATWG Fetch): denied unless the settings list the origin. Never `*`, never credentials.

use http::{HeaderMap, HeaderValue, Method, header};

/// The origins that may read responses.
pub struct Cors(Vec<String>);

impl Cors {
    /// Origins as browsers send them, such as `https://app.example`.
    pub fn new(origins: Vec<String>) -> Self {
        Self(origins)
    }

    /// Adds the CORS headers to a response.
    pub fn write(
        &self,
        method: &Method,
        request: &RequestOrigin,
        response: &mut HeaderMap,
        allow: Option<&HeaderValue>,
    ) {
        if self.0.is_empty() {
            return;
        }
        response.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = request.origin.as_ref().filter(|origin| self.knows(origin)) else {
            return;
        };
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let exposed = "ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";
        response.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(exposed),
        );
        if method == Method::OPTIONS && request.is_preflight {
            if let Some(methods) = allow {
                response.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
            }
            let headers =
                "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Traceparent";
            response.insert(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static(headers),
            );
            response.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
    }

    fn knows(&self, origin: &HeaderValue) -> bool {
        self.0.iter().any(|known| known.as_bytes() == origin.as_bytes())
    }
}

/// The origin of a request.
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

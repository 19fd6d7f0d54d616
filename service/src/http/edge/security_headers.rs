//! Security headers of every response: the OWASP Secure Headers list. Without `Clear-Site-Data`, which would end sessions;
//! signing out sends it.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::sync::LazyLock;

/// For responses other than pages: nothing may be loaded, framed or submitted.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const PERMISSIONS_POLICY: &str = "accelerometer=(), autoplay=(), camera=(), cross-origin-isolated=(), \
    display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), keyboard-map=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), \
    screen-wake-lock=(), sync-xhr=(self), usb=(), web-share=(), xr-spatial-tracking=(), clipboard-read=(), \
    clipboard-write=(), gamepad=(), hid=(), idle-detection=(), interest-cohort=(), serial=(), unload=()";

/// Names and values. A value that a page or an operation has set takes precedence.
static HEADERS: [(HeaderName, HeaderValue); 12] = [
    (
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store, max-age=0"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        HeaderValue::from_static("require-corp"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(PERMISSIONS_POLICY),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=63072000; includeSubDomains"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("deny")),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        HeaderValue::from_static("none"),
    ),
];

/// All headers in one map: cloning it costs a fraction of inserting them one by one.
static ALL: LazyLock<HeaderMap> = LazyLock::new(|| HEADERS.iter().cloned().collect());

/// The names of the headers, in lower case.
pub fn names() -> Vec<&'static str> {
    HEADERS.iter().map(|(name, _)| name.as_str()).collect()
}

/// Adds the headers that the response does not have yet.
pub fn write(headers: &mut HeaderMap) {
    let own = std::mem::replace(headers, ALL.clone());
    let mut last = None;
    for (name, value) in own {
        // `HeaderMap` yields further values of a header without the name.
        if let Some(name) = name {
            headers.insert(&name, value);
            last = Some(name);
        } else if let Some(name) = &last {
            headers.append(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn existing_headers_are_not_overwritten() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.append(header::SET_COOKIE, HeaderValue::from_static("a=1"));
        headers.append(header::SET_COOKIE, HeaderValue::from_static("b=2"));
        write(&mut headers);
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        assert_eq!(headers.get_all(header::SET_COOKIE).iter().count(), 2);
        assert_eq!(headers[header::X_FRAME_OPTIONS], "deny");
        assert_eq!(headers.keys_len(), HEADERS.len() + 1);
    }
}

//! Strong entity tags (RFC 9110 §8.8.3).

use http::HeaderValue;
use sha2::{Digest, Sha256};

/// 128 bits of SHA-256, in hexadecimal.
pub fn digest(content: &[u8]) -> String {
    let mut digest = hex::encode(Sha256::digest(content));
    digest.truncate(32);
    digest
}

/// The tag of this content.
pub fn of_content(content: &[u8]) -> HeaderValue {
    quoted(&digest(content))
}

/// The tag with these characters: alphanumeric ASCII characters, `.` and `-`.
pub fn quoted(opaque: &str) -> HeaderValue {
    HeaderValue::try_from(format!("\"{opaque}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The tag of the same content in a content coding: each representation has its own.
pub fn with_coding(tag: &HeaderValue, coding: &str) -> HeaderValue {
    let opaque = tag.to_str().unwrap_or_default().trim_matches('"');
    quoted(&format!("{opaque}-{coding}"))
}

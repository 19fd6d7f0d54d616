//! The Basic credentials of a request (RFC 7617), of a person or of a machine client.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header;
use poem::Request;
use std::fmt;

/// The scheme.
const SCHEME: &str = "basic";

/// The challenge for Basic credentials.
pub const CHALLENGE: &str = "Basic realm=\"portcullis\", charset=\"UTF-8\"";

/// What a request has in `Authorization`.
pub enum BasicCredentials {
    /// No field, or another scheme.
    Missing,
    /// Malformed credentials, or two fields, which are ambiguous.
    Malformed,
    /// User and password.
    Given(String, String),
}

impl BasicCredentials {
    /// Those of this request.
    pub fn of(request: &Request) -> Self {
        let mut fields = request.headers().get_all(header::AUTHORIZATION).iter();
        let field = fields.next().map(http::HeaderValue::as_bytes);
        match (field.and_then(encoded), fields.next()) {
            (None, None) => Self::Missing,
            (Some(encoded), None) => decode(encoded).unwrap_or(Self::Malformed),
            (_, Some(_)) => Self::Malformed,
        }
    }
}

impl fmt::Debug for BasicCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BasicCredentials([redacted])")
    }
}

/// The encoded credentials, if the scheme is Basic.
fn encoded(field: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = field.split_at_checked(SCHEME.len())?;
    let ends = rest.first().is_none_or(|byte| *byte == b' ');
    (ends && scheme.eq_ignore_ascii_case(SCHEME.as_bytes())).then(|| rest.trim_ascii())
}

fn decode(encoded: &[u8]) -> Option<BasicCredentials> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some(BasicCredentials::Given(user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &str) -> Option<(String, String)> {
        match decode(encoded(field.as_bytes())?)? {
            BasicCredentials::Given(user, password) => Some((user, password)),
            BasicCredentials::Missing | BasicCredentials::Malformed => None,
        }
    }

    #[test]
    fn the_scheme_ignores_case_and_the_password_may_contain_colons() {
        let pair = ("ann@example.org".to_owned(), "a:\u{df}:".to_owned());
        let text = STANDARD.encode("ann@example.org:a:\u{df}:");
        for field in [format!("Basic {text}"), format!("bASIC   {text} ")] {
            assert_eq!(read(&field), Some(pair.clone()), "{field}");
        }
        for field in [
            format!("Basic{text}"),
            format!("Basics {text}"),
            "Bas".into(),
            String::new(),
        ] {
            assert_eq!(encoded(field.as_bytes()), None, "{field}");
        }
    }
}

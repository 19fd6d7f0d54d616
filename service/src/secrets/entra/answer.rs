//! The answers of token endpoints. Container Apps gives numbers as text and the time of the end; the authority gives numbers
//! and the time that is left.

use super::error::EntraError;
use chrono::{DateTime, Utc};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// Tokens of managed identities are valid for at most 24 hours. An answer that promises more is not believed.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The lifetime of a token that has ended already by this machine's clock: the endpoint would not hand it out, so the clock is
/// wrong. PostgreSQL decides whether the token is valid, and the next one is requested soon.
const LIFETIME_BY_WRONG_CLOCK: Duration = Duration::from_secs(60);

/// Maximum length of an error code in a message.
const MAX_CODE_LENGTH: usize = 64;

/// A token.
#[derive(Deserialize)]
pub(super) struct Answer {
    pub(super) access_token: SecretString,
    #[serde(default)]
    token_type: Option<String>,
    /// Seconds that are left.
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
    /// Unix time.
    #[serde(default, deserialize_with = "seconds")]
    expires_on: Option<u64>,
}

/// A number, as a number or as text.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Seconds {
        Number(u64),
        Text(String),
    }
    match Option::<Seconds>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Seconds::Number(number)) => Ok(Some(number)),
        Some(Seconds::Text(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

impl Answer {
    /// Parses the body of a successful answer. No error quotes it.
    pub(super) fn parse(body: &[u8]) -> Result<Self, EntraError> {
        let malformed = EntraError::Malformed;
        let answer: Self = serde_json::from_slice(body)
            .map_err(|_| malformed("it is not a JSON object with an access token and its expiry"))?;
        let is_token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_token(answer.access_token.expose_secret()) {
            return Err(malformed(
                "its access token is empty, or has characters that no token has",
            ));
        }
        if answer
            .token_type
            .as_ref()
            .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
        {
            return Err(malformed("its token is not a bearer token"));
        }
        if answer.expires_in.is_none() && answer.expires_on.is_none() {
            return Err(malformed("it does not contain when its token ends"));
        }
        Ok(answer)
    }

    /// How long the token is valid, at a time.
    pub(super) fn lifetime(&self, now: DateTime<Utc>) -> Duration {
        let by_clock = |end: u64| {
            let now = u64::try_from(now.timestamp()).unwrap_or_default();
            end.saturating_sub(now)
        };
        let left = self
            .expires_in
            .or(self.expires_on.map(by_clock))
            .unwrap_or_default();
        if left == 0 {
            tracing::warn!("an access token has ended already by this machine's clock; is the clock right?");
            return LIFETIME_BY_WRONG_CLOCK;
        }
        Duration::from_secs(left).min(MAX_LIFETIME)
    }
}

/// The body of a refusal.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_codes: Vec<u32>,
}

/// The error of an answer that is not successful.
pub(super) fn error_of(status: StatusCode, body: &[u8]) -> EntraError {
    if status.is_redirection() {
        // A redirect would carry the identity's proof to another server.
        return EntraError::Malformed("it redirects, which is not followed");
    }
    // The description contains ids, and whatever else the server puts there.
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let mut text = format!("status {}", status.as_u16());
    let is_code = |code: &str| code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !refusal.error.is_empty() && refusal.error.len() <= MAX_CODE_LENGTH && is_code(&refusal.error) {
        text += &format!(" {}", refusal.error);
    }
    if let Some(code) = refusal.error_codes.first() {
        text += &format!(" AADSTS{code}");
    }
    // 404: the endpoint of managed identities is being updated.
    let is_temporary =
        status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::NOT_FOUND);
    if is_temporary {
        EntraError::Unavailable(text)
    } else {
        EntraError::Refused(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(json: &str, now: i64) -> u64 {
        let now = DateTime::from_timestamp(now, 0).unwrap();
        Answer::parse(json.as_bytes()).unwrap().lifetime(now).as_secs()
    }

    #[test]
    fn the_lifetime_is_what_is_left_of_it() {
        let managed = r#"{"access_token":"e.y.J","expires_on":"1586984735","token_type":"Bearer"}"#;
        assert_eq!(lifetime(managed, 1_586_984_735 - 3_000), 3_000);
        let authority =
            r#"{"access_token":"e.y.J","expires_in":3599,"ext_expires_in":3599,"token_type":"Bearer"}"#;
        assert_eq!(lifetime(authority, 0), 3_599);
        // Whatever the clock says, the time that is left comes first.
        let both = r#"{"access_token":"e.y.J","expires_in":"120","expires_on":1}"#;
        assert_eq!(lifetime(both, 1_586_984_735), 120);
    }

    #[test]
    fn a_wrong_clock_ends_no_token_and_extends_none_beyond_a_day() {
        let managed = r#"{"access_token":"e.y.J","expires_on":"1586984735"}"#;
        assert_eq!(
            lifetime(managed, 1_586_984_735 + 86_400),
            LIFETIME_BY_WRONG_CLOCK.as_secs()
        );
        assert_eq!(lifetime(managed, 0), MAX_LIFETIME.as_secs());
    }

    #[test]
    fn nonsense_is_refused_and_not_quoted() {
        for body in [
            "",
            "<html>7f3a</html>",
            "[]",
            r#"{"access_token":"7f3a"}"#,
            r#"{"access_token":"","expires_in":5}"#,
            r#"{"access_token":"7f3a b","expires_in":5}"#,
            r#"{"access_token":"7f3a","expires_in":-5}"#,
            r#"{"access_token":"7f3a","expires_on":"15/04/2020 21:05:35 +00:00"}"#,
            r#"{"access_token":"7f3a","expires_in":5,"token_type":"7f3a"}"#,
            r#"{"access_token":7,"expires_in":5}"#,
        ] {
            let error = Answer::parse(body.as_bytes()).err().unwrap();
            assert!(matches!(error, EntraError::Malformed(_)), "{body}: {error}");
            assert!(!format!("{error} {error:?}").contains("7f3a"), "{error:?}");
        }
    }

    #[test]
    fn an_error_contains_codes_and_no_other_text() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS70021: 7f3a","error_codes":[70021],"trace_id":"7f3a"}"#;
        let error = error_of(StatusCode::BAD_REQUEST, body);
        assert_eq!(
            error.to_string(),
            "the token endpoint refuses the request: status 400 invalid_client AADSTS70021"
        );
        let html = error_of(StatusCode::SERVICE_UNAVAILABLE, b"<html>7f3a</html>");
        assert_eq!(html.to_string(), "the token endpoint is unavailable: status 503");
        let long = error_of(StatusCode::FORBIDDEN, br#"{"error":"two words 7f3a"}"#);
        assert_eq!(
            long.to_string(),
            "the token endpoint refuses the request: status 403"
        );
    }
}

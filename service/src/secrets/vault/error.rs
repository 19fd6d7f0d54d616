//! Errors of Vault. The library's errors are mapped here and nowhere else: their `Debug` shows whole answers, with secrets.

use crate::config::setting_names::PREFIX;
use crate::telemetry::redact;
use rustify::errors::ClientError as HttpError;
use serde::Deserialize;
use std::error::Error;

/// Maximum number of characters of a server's text in an error.
const MAX_REASON: usize = 200;

/// Why a call failed. Neither `Display` nor `Debug` shows a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no usable answer: transport, time-out, redirect, sealed, standby, overload, error of the server.
    #[error("Vault is unavailable: {0}")]
    Unavailable(String),
    /// The answer does not have the form that it must have.
    #[error("Vault answered with something else than expected")]
    Malformed,
    /// The policy, or the server, does not permit it.
    #[error("Vault denied permission")]
    Denied,
    /// There is no such path or object.
    #[error("Vault has no such object")]
    NotFound,
    /// The lease has ended.
    #[error("the lease has ended")]
    Gone,
    /// The secret has no text under `document`, so waiting for another answer does not help.
    #[error("the secret has no member `document` that is a text")]
    NoText,
    /// The document has another version by now.
    #[error("the document was changed meanwhile")]
    Conflict,
    /// Any other refusal.
    #[error("Vault rejected the request with status {status}: {reason}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// What the server wrote.
        reason: String,
    },
    /// A wrapping token was unwrapped before, has expired, or never existed.
    #[error("the wrapping token was used before, or has expired")]
    WrapSpent,
    /// A wrapping token holds something else than a SecretID of the configured login. With the setting of the AppRole's name,
    /// named without the prefix.
    #[error(
        "the wrapping token holds no SecretID of the configured AppRole (its name is {PREFIX}{0}, or else the RoleID)"
    )]
    WrapForeign(&'static str),
    /// The SecretID of a wrapping token never worked.
    #[error("the wrapped SecretID was refused at its first use")]
    SecretIdRefused,
    /// A setting, named without the prefix.
    #[error("{PREFIX}{0}: {1}")]
    Setting(&'static str, String),
    /// The service is stopping: the token was revoked.
    #[error("the Vault client is closed")]
    Closed,
}

impl VaultError {
    /// Whether the same call may succeed later without a change of settings.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Malformed)
    }

    /// Whether someone else may have the SecretID of this service.
    pub fn is_incident(&self) -> bool {
        matches!(
            self,
            Self::WrapSpent | Self::WrapForeign(_) | Self::SecretIdRefused
        )
    }

    /// Its name in metrics.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Malformed | Self::NoText => "malformed",
            Self::Denied => "denied",
            Self::NotFound | Self::Gone => "not_found",
            Self::Conflict => "conflict",
            Self::Rejected { .. } | Self::WrapSpent | Self::WrapForeign(_) | Self::SecretIdRefused => {
                "rejected"
            }
            Self::Setting(..) | Self::Closed => "not_sent",
        }
    }

    /// Whether the server has answered.
    pub(super) fn is_answer(&self) -> bool {
        !matches!(
            self,
            Self::Unavailable(_) | Self::Malformed | Self::Setting(..) | Self::Closed
        )
    }

    fn of_status(status: u16, errors: &[String]) -> Self {
        let reason = readable(&errors.join("; "));
        match status {
            403 => Self::Denied,
            404 => Self::NotFound,
            300..=399 => Self::Unavailable(format!(
                "it redirects with status {status}, which is not followed"
            )),
            // 472 and 473 are standbys of HashiCorp Vault.
            412 | 429 | 472 | 473 | 500.. if reason.is_empty() => {
                Self::Unavailable(format!("status {status}"))
            }
            412 | 429 | 472 | 473 | 500.. => Self::Unavailable(format!("status {status}: {reason}")),
            _ => Self::Rejected { status, reason },
        }
    }
}

impl From<HttpError> for VaultError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::ServerResponseError { code, content } => {
                Self::of_status(code, &texts(&content.unwrap_or_default()))
            }
            HttpError::RequestError { source, .. } | HttpError::ResponseError { source } => {
                Self::Unavailable(transport(source.downcast_ref()))
            }
            _ => Self::Malformed,
        }
    }
}

/// The texts of an error that has the form of the server's errors. Anything else is not repeated.
fn texts(body: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<String>,
    }
    serde_json::from_str(body).map_or_else(|_| Vec::new(), |Errors { errors }| errors)
}

/// Why there is no answer. The innermost cause is the only one that says so, and holds no part of a message.
fn transport(error: Option<&reqwest::Error>) -> String {
    let Some(error) = error else {
        return "the connection failed".to_owned();
    };
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    readable(&cause.to_string())
}

/// One line of a server's text, without what may be a token or a password.
fn readable(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    redact::path(&line).chars().take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s.Qx3Wb7Kp9Zr2Tn5Vm8Lc4Yd6";

    fn of(code: u16, text: &str) -> VaultError {
        let content = Some(serde_json::json!({ "errors": [text] }).to_string());
        HttpError::ServerResponseError { code, content }.into()
    }

    #[test]
    fn a_servers_text_becomes_one_line_without_secrets() {
        let error = of(400, &format!("1 error occurred:\n\t* bad {SECRET}\n\n"));
        assert_eq!(
            error.to_string(),
            "Vault rejected the request with status 400: 1 error occurred: * bad s.[redacted]"
        );
        assert!(of(503, &"long ".repeat(1000)).to_string().len() < 300);
    }

    #[test]
    fn an_unreadable_answer_is_not_repeated() {
        let content = Some(format!("<html>{SECRET}</html>"));
        let error = VaultError::from(HttpError::ServerResponseError { code: 502, content });
        assert_eq!(error, VaultError::Unavailable("status 502".to_owned()));
        let source = serde_json::from_str::<u8>(SECRET).unwrap_err().into();
        let content = Some(SECRET.to_owned());
        let error = VaultError::from(HttpError::ResponseParseError { source, content });
        assert!(!format!("{error} {error:?}").contains(SECRET));
        assert_eq!(error, VaultError::Malformed);
    }

    #[test]
    fn standbys_overload_redirects_and_errors_of_the_server_are_retried() {
        for status in [301, 307, 412, 429, 472, 473, 500, 502, 503, 599] {
            assert!(of(status, "text").is_retryable(), "{status}");
        }
        for status in [400, 403, 404, 405, 413] {
            assert!(!of(status, "text").is_retryable(), "{status}");
        }
    }
}

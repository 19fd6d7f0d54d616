//! HTTP Basic credentials (RFC 7617). Every defect gives the same response.

use crate::domain::sessions::error::LoginError;
use crate::domain::sessions::verification::LoginAttempt;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::auth::unauthenticated;
use crate::http::contract::field::FieldValue;
use crate::http::contract::problem::Problem;
use crate::types::email::Email;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

const SCHEME: &str = "basic";

const CHALLENGE: &str = "Basic realm=\"portcullis\", charset=\"UTF-8\"";

/// Credentials that are not verified yet.
#[derive(Debug)]
pub struct Basic(pub LoginAttempt);

impl<'a> ApiExtractor<'a> for Basic {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some("Address and password of the account (RFC 7617), in UTF-8."),
                name: None,
                key_in: None,
                scheme: Some("basic"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let mut fields = request.headers().get_all(header::AUTHORIZATION).iter();
        let field = fields.next().map(http::HeaderValue::as_bytes);
        // Two fields are ambiguous.
        match (field.and_then(credentials), fields.next()) {
            (None, None) => Err(missing().into()),
            (Some(credentials), None) => Ok(Self(attempt(credentials).ok_or_else(invalid)?)),
            (_, Some(_)) => Err(invalid().into()),
        }
    }
}

/// The encoded credentials, if the scheme is Basic.
fn credentials(field: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = field.split_at_checked(SCHEME.len())?;
    let ends = rest.first().is_none_or(|byte| *byte == b' ');
    (ends && scheme.eq_ignore_ascii_case(SCHEME.as_bytes())).then(|| rest.trim_ascii())
}

fn attempt(credentials: &[u8]) -> Option<LoginAttempt> {
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some(LoginAttempt {
        email: Email::parse(user)?,
        password: SecretText::parse(password)?.0,
        code: None,
    })
}

fn missing() -> Problem {
    unauthenticated("missing-credentials", "Missing credentials", CHALLENGE)
}

fn invalid() -> Problem {
    unauthenticated("invalid-credentials", "Invalid credentials", CHALLENGE)
}

/// The problem of a failed login, with a Basic challenge.
pub fn to_problem(error: LoginError) -> Problem {
    match error {
        LoginError::InvalidCredentials | LoginError::Unconfirmed => invalid(),
        LoginError::SecondFactorRequired | LoginError::CodeUsed => unauthenticated(
            "second-factor-required",
            "this account requires a second factor; sign in at /auth/login",
            CHALLENGE,
        ),
        LoginError::SecondFactorSetupRequired => unauthenticated(
            "second-factor-setup-required",
            "this account must set up a second factor first; sign in at /auth/login",
            CHALLENGE,
        ),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn read(field: &str) -> Option<(String, String)> {
        let attempt = attempt(credentials(field.as_bytes())?)?;
        let email = attempt.email.as_str().to_owned();
        Some((email, attempt.password.expose_secret().to_owned()))
    }

    #[test]
    fn the_scheme_ignores_case_and_the_password_may_contain_colons() {
        let pair = ("ann@example.org".to_owned(), "a:\u{df}:".to_owned());
        let encoded = STANDARD.encode("ann@example.org:a:\u{df}:");
        for field in [format!("Basic {encoded}"), format!("bASIC   {encoded} ")] {
            assert_eq!(read(&field), Some(pair.clone()), "{field}");
        }
        for field in [
            format!("Basic{encoded}"),
            format!("Basics {encoded}"),
            "Bas".into(),
            String::new(),
        ] {
            assert_eq!(credentials(field.as_bytes()), None, "{field}");
        }
    }
}

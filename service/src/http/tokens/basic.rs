//! Log-in with HTTP Basic credentials. Every defect gives the same response.

use crate::domain::sessions::error::LoginError;
use crate::domain::sessions::verification::LoginAttempt;
use crate::http::accounts::fields::SecretText;
use crate::http::contract::auth::unauthenticated;
use crate::http::contract::basic::{BasicCredentials, CHALLENGE};
use crate::http::contract::field::FieldValue;
use crate::http::contract::problem::Problem;
use crate::types::email::Email;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

/// The security scheme.
const SCHEME: &str = "basic";

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
        match BasicCredentials::of(request) {
            BasicCredentials::Missing => Err(missing().into()),
            BasicCredentials::Malformed => Err(invalid().into()),
            BasicCredentials::Given(user, password) => {
                Ok(Self(attempt(&user, &password).ok_or_else(invalid)?))
            }
        }
    }
}

fn attempt(user: &str, password: &str) -> Option<LoginAttempt> {
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

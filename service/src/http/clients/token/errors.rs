//! Errors of the token endpoint (RFC 6749 §5.2). What is not about the grant, such as a rate limit or an unavailable database, is a
//! problem as everywhere.

use crate::domain::clients::error::TokenError;
use crate::http::contract::basic::CHALLENGE;
use crate::http::contract::error_responses::{Documented, ErrorResponse};
use crate::http::contract::problem::{Problem, TOO_MANY_ATTEMPTS};
use crate::http::contract::rendered::Rendered;
use http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiResponse, Object};

/// The media type of the errors.
const MEDIA_TYPE: &str = "application/json";

/// Why no token is issued (RFC 6749 §5.2).
#[derive(Clone, Debug, Object)]
pub struct OAuthError {
    /// Code: `invalid_request`, `invalid_client`, `invalid_scope` or `unsupported_grant_type`.
    pub error: String,
    /// Explanation.
    pub error_description: String,
}

/// An error response.
#[derive(Debug)]
pub enum TokenRejection {
    /// An error of OAuth.
    OAuth(&'static str, String),
    /// A problem.
    Problem(Problem),
}

impl TokenRejection {
    /// The request is malformed.
    pub fn invalid_request(description: impl Into<String>) -> Self {
        Self::OAuth("invalid_request", description.into())
    }

    /// The client is not authenticated. The reason is not disclosed.
    pub fn invalid_client() -> Self {
        Self::OAuth("invalid_client", "the client could not be authenticated".into())
    }

    fn into_response(self) -> Result<Response, Problem> {
        let (error, error_description) = match self {
            Self::OAuth(error, description) => (error, description),
            Self::Problem(problem) => return Err(problem),
        };
        let is_unauthenticated = error == "invalid_client";
        let mut response = Json(OAuthError {
            error: error.to_owned(),
            error_description,
        })
        .into_response();
        response.set_status(StatusCode::BAD_REQUEST);
        if is_unauthenticated {
            response.set_status(StatusCode::UNAUTHORIZED);
            let challenge = HeaderValue::from_static(CHALLENGE);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        Ok(response)
    }
}

impl From<Problem> for TokenRejection {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<TokenError> for TokenRejection {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::InvalidClient => Self::invalid_client(),
            TokenError::InvalidScope => Self::OAuth(
                "invalid_scope",
                "the client does not have all of the requested scopes".into(),
            ),
            TokenError::Throttled(wait) => {
                let detail = "too many failed attempts; retry later";
                Self::Problem(Problem::too_many(TOO_MANY_ATTEMPTS, detail, wait))
            }
            TokenError::Storage(error) => Self::Problem(error.into()),
        }
    }
}

impl From<TokenRejection> for poem::Error {
    fn from(rejection: TokenRejection) -> Self {
        match rejection.into_response() {
            Ok(response) => {
                let mut error = Self::from_response(response);
                error.set_data(Rendered);
                error
            }
            Err(problem) => problem.into(),
        }
    }
}

/// The statuses of problems.
#[derive(Debug)]
struct ProblemStatuses;

impl Documented for ProblemStatuses {
    const STATUSES: &'static [u16] = &[413];
}

impl ApiResponse for TokenRejection {
    fn meta() -> MetaResponses {
        let mut responses = ErrorResponse::<ProblemStatuses>::meta().responses;
        let error = || MetaMediaType {
            content_type: MEDIA_TYPE,
            schema: OAuthError::schema_ref(),
        };
        // Errors of the form are in OAuth's format, those before it is read are problems.
        for response in responses
            .iter_mut()
            .filter(|response| response.status == Some(400))
        {
            response.description = "Invalid request, unsupported grant type or invalid scope";
            response.content.insert(0, error());
        }
        responses.push(MetaResponse {
            description: "The client could not be authenticated",
            status: Some(401),
            status_range: None,
            content: vec![error()],
            headers: Vec::new(),
        });
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        ErrorResponse::<ProblemStatuses>::register(registry);
        OAuthError::register(registry);
    }
}

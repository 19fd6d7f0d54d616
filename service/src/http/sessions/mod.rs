//! `/auth/login` and `/auth/refresh`: operations that issue tokens.

/// Problems of signing in.
pub mod errors;

/// The caller's own sessions.
pub mod own;

use crate::domain::sessions::Sessions;
use crate::domain::sessions::error::AuthenticationError;
use crate::domain::sessions::tokens::Tokens;
use crate::domain::sessions::verification::LoginAttempt;
use crate::http::accounts::fields::{SecretText, SentToken};
use crate::http::contract::auth::Anyone;
use crate::http::contract::error_responses::{Documented, ErrorResponse};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::http::totp::fields::TypedCode;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use errors::invalid_grant;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// The operations.
pub struct SessionsApi {
    sessions: Sessions,
}

impl SessionsApi {
    /// Operations on these sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

/// Credentials for signing in.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct LogInRequest {
    /// Address of the account.
    email: Field<Email>,
    /// Password of the account.
    password: Field<SecretText>,
    /// Code of the authenticator app, or a recovery code. Required if a second factor is enabled.
    code: Field<TypedCode, Optional>,
}

/// The refresh token of a session.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct RefreshRequest {
    /// Refresh token of the latest token pair.
    refresh_token: Field<SentToken>,
}

/// The tokens of a session.
#[derive(Object)]
struct TokenPair {
    /// Access token; send it as `Authorization: Bearer …`.
    access_token: String,
    /// Refresh token; valid once.
    refresh_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Lifetime of the access token in seconds.
    expires_in: u64,
    /// `true` if the account must set up a second factor before it may do anything else.
    #[oai(skip_serializing_if_is_none)]
    second_factor_setup_required: Option<bool>,
}

impl From<Tokens> for TokenPair {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access.reveal().to_owned(),
            refresh_token: tokens.refresh.reveal().to_owned(),
            token_type: "Bearer".into(),
            expires_in: tokens.access.ttl().as_secs(),
            second_factor_setup_required: tokens.must_set_up_second_factor.then_some(true),
        }
    }
}

/// Issued tokens.
#[derive(ApiResponse)]
enum TokensResponse {
    /// The tokens of the session.
    #[oai(status = 200)]
    Issued(Json<TokenPair>),
}

/// Errors of signing in.
#[derive(Debug)]
pub struct LogInErrors;

impl Documented for LogInErrors {
    const STATUSES: &'static [u16] = &[401, 409, 413, 415];
}

/// Errors of operations that take a token in the body.
#[derive(Debug)]
pub struct CredentialErrors;

impl Documented for CredentialErrors {
    const STATUSES: &'static [u16] = &[401, 413, 415];
}

#[OpenApi(tag = "ApiTag::Sessions")]
impl SessionsApi {
    /// Sign in
    ///
    /// Starts a session and returns its tokens. A failure does not disclose which credential is wrong; repeated failures
    /// must wait longer each time.
    #[oai(path = "/auth/login", method = "post", operation_id = "logIn")]
    async fn log_in(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<LogInRequest>,
    ) -> Result<TokensResponse, ErrorResponse<LogInErrors>> {
        let LogInRequest {
            email,
            password,
            code,
        } = body.0;
        let mut errors = Vec::new();
        let email = email.required("email", &mut errors);
        let password = password.required("password", &mut errors);
        let code = code.optional("code", &mut errors);
        let (Some(email), Some(password), []) = (email, password, errors.as_slice()) else {
            return Err(Problem::invalid(errors).into());
        };
        let attempt = LoginAttempt {
            email,
            password: password.0,
            code: code.map(|code| code.0),
        };
        let tokens = self.sessions.log_in(attempt, &client).await?;
        Ok(TokensResponse::Issued(Json(tokens.into())))
    }

    /// Refresh a session
    ///
    /// Returns the next token pair and replaces the refresh token. The replaced token is accepted for another ten seconds, so
    /// that concurrent requests of one client succeed; they all get the same refresh token. Later reuse revokes the session,
    /// because the token may be stolen. A token that is not accepted is answered with 401 `invalid-grant`: sign in again.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<RefreshRequest>,
    ) -> Result<TokensResponse, ErrorResponse<CredentialErrors>> {
        let mut errors = Vec::new();
        let Some(token) = body.0.refresh_token.required("refresh_token", &mut errors) else {
            return Err(Problem::invalid(errors).into());
        };
        let token = token.0.ok_or_else(invalid_grant)?;
        let tokens = self.sessions.refresh(&token, &client).await;
        let tokens = tokens.map_err(|error| match error {
            AuthenticationError::InvalidToken => invalid_grant(),
            AuthenticationError::Storage(error) => error.into(),
        })?;
        Ok(TokensResponse::Issued(Json(tokens.into())))
    }
}

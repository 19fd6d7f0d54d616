//! `/auth/login` and `/auth/refresh`: what gives tokens.

/// The caller's own sessions.
pub mod current;

/// Problems of signing in.
mod errors;

use crate::domain::sessions::Sessions;
use crate::domain::sessions::tokens::Tokens;
use crate::domain::sessions::verification::LoginAttempt;
use crate::http::accounts::fields::{SecretText, SentToken};
use crate::http::contract::auth::{Anyone, bad_token};
use crate::http::contract::error_responses::{Refusal, Statuses};
use crate::http::contract::field::{Field, Optional};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use crate::types::email::Email;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

/// The operations and what they need.
pub struct SessionsApi {
    sessions: Sessions,
}

impl SessionsApi {
    /// Over the domain's sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

/// What somebody signs in with.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct LogIn {
    /// The account's address.
    email: Field<Email>,
    /// Its password.
    password: Field<SecretText>,
    /// A code of the second factor or a recovery code, where the account has one.
    code: Field<SecretText, Optional>,
}

/// What somebody renews a session with.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct Refresh {
    /// The refresh token that came with the last pair.
    refresh_token: Field<SentToken>,
}

/// Tokens of a session.
#[derive(Object)]
struct TokenPair {
    /// For requests: `Authorization: Bearer …`.
    access_token: String,
    /// For the next pair. Works once.
    refresh_token: String,
    /// How the access token is used.
    token_type: String,
    /// Seconds that the access token is valid.
    expires_in: u64,
}

impl From<Tokens> for TokenPair {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access.reveal().to_owned(),
            refresh_token: tokens.refresh.reveal().to_owned(),
            token_type: "Bearer".into(),
            expires_in: tokens.access.ttl().as_secs(),
        }
    }
}

/// Tokens.
#[derive(ApiResponse)]
enum TokensAnswer {
    /// The tokens.
    #[oai(status = 200)]
    Given(Json<TokenPair>),
}

/// Operations that take a proof in their body.
#[derive(Debug)]
pub struct Proving;

impl Statuses for Proving {
    const OWN: &'static [u16] = &[401, 413, 415];
}

#[OpenApi(tag = "ApiTag::Sessions")]
impl SessionsApi {
    /// Sign in
    ///
    /// Begins a session of one's own account. Whoever is refused is not told why, and is let wait longer each time.
    #[oai(path = "/auth/login", method = "post", operation_id = "logIn")]
    async fn log_in(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<LogIn>,
    ) -> Result<TokensAnswer, Refusal<Proving>> {
        let LogIn {
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
        Ok(TokensAnswer::Given(Json(tokens.into())))
    }

    /// Renew a session
    ///
    /// Gives the next pair of tokens. The refresh token is replaced: for ten seconds it may be sent again, as several tabs
    /// do; whoever sends it later ends the whole session, because two have it.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(
        &self,
        _caller: Anyone,
        client: ClientInfo,
        body: StrictJson<Refresh>,
    ) -> Result<TokensAnswer, Refusal<Proving>> {
        let mut errors = Vec::new();
        let Some(token) = body.0.refresh_token.required("refresh_token", &mut errors) else {
            return Err(Problem::invalid(errors).into());
        };
        let token = token.0.ok_or_else(bad_token)?;
        let tokens = self
            .sessions
            .refresh(&token, &client)
            .await
            .map_err(Problem::from)?;
        Ok(TokensAnswer::Given(Json(tokens.into())))
    }
}

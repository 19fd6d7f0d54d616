//! Access tokens for other services: issuing, verification keys, validation and introspection.

/// HTTP Basic credentials.
mod basic;

/// Bodies of requests and responses.
mod dto;

use crate::domain::principals::Principals;
use crate::domain::sessions::Sessions;
use crate::domain::sessions::error::AuthenticationError;
use crate::http::contract::any_caller::AnyCaller;
use crate::http::contract::auth::{Anyone, Caller, ProfileScope, TokensIntrospectScope, bad_token, bearer};
use crate::http::contract::error_responses::{
    AuthBodyErrors, AuthErrors, Documented, ErrorResponse, NoExtraErrors,
};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_form::StrictForm;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use basic::Basic;
use dto::{Introspection, IntrospectionRequest, JsonWebKeySet, TokenClaims};
use poem::Request;
use poem_openapi::payload::{Json, PlainText};
use poem_openapi::{ApiResponse, OpenApi};

/// How long verifiers may cache the keys: no longer than a new key waits by default before it signs.
const KEYS_CACHE_CONTROL: &str = "public, max-age=300";

/// The operations.
pub struct TokensApi {
    sessions: Sessions,
    principals: Principals,
}

impl TokensApi {
    /// Operations on the tokens of these sessions and principals.
    pub fn new(sessions: Sessions, principals: Principals) -> Self {
        Self { sessions, principals }
    }
}

/// The verification keys.
#[derive(ApiResponse)]
pub enum KeysResponse {
    /// The key set.
    #[oai(status = 200, content_type = "application/jwk-set+json")]
    Keys(Json<JsonWebKeySet>, #[oai(header = "Cache-Control")] String),
}

/// Errors of operations that take HTTP Basic credentials.
#[derive(Debug)]
pub struct BasicAuthErrors;

impl Documented for BasicAuthErrors {
    const STATUSES: &'static [u16] = &[401];
}

#[OpenApi(tag = "ApiTag::Tokens")]
impl TokensApi {
    /// Issue an access token
    ///
    /// Takes HTTP Basic credentials and returns the bare token. It cannot be refreshed. For longer sessions, or accounts with
    /// a second factor, use `/auth/login`.
    #[oai(path = "/login", method = "post", operation_id = "getToken")]
    async fn log_in(
        &self,
        caller: Basic,
        client: ClientInfo,
    ) -> Result<PlainText<String>, ErrorResponse<BasicAuthErrors>> {
        let token = self.sessions.log_in_for_token(caller.0, &client).await;
        let token = token.map_err(basic::to_problem)?;
        Ok(PlainText(token.reveal().to_owned()))
    }

    /// List token verification keys
    ///
    /// A JWK set (RFC 7517). A key is published before it first signs and until the last token that it signed expires.
    /// Reload the set when a token names an unknown key.
    #[oai(
        path = "/.well-known/jwks.json",
        method = "get",
        operation_id = "listTokenKeys"
    )]
    async fn keys(&self, _caller: Anyone) -> Result<KeysResponse, ErrorResponse<NoExtraErrors>> {
        let keys = self.sessions.public_keys();
        let keys = keys.into_iter().map(Into::into).collect();
        Ok(KeysResponse::Keys(
            Json(JsonWebKeySet { keys }),
            KEYS_CACHE_CONTROL.to_owned(),
        ))
    }

    /// Validate the caller's access token
    ///
    /// Returns the claims of a valid token. A token that is expired, revoked or issued for another audience is answered with
    /// 401.
    #[oai(path = "/validate", method = "post", operation_id = "validateToken")]
    async fn validate(
        &self,
        caller: Caller<ProfileScope>,
        request: &Request,
    ) -> Result<Json<TokenClaims>, ErrorResponse<AuthErrors>> {
        let token = bearer(request).ok_or_else(bad_token)?;
        let claims = self.sessions.own_claims(&caller.signed_in, token)?;
        Ok(Json(claims.into()))
    }

    /// Introspect a token
    ///
    /// OAuth 2.0 token introspection (RFC 7662). Anything but a valid access token is answered with `{"active":false}` and no
    /// reason. A refresh token is never active, so that no service accepts one as an access token.
    #[oai(path = "/introspect", method = "post", operation_id = "introspectToken")]
    async fn introspect(
        &self,
        _caller: AnyCaller<TokensIntrospectScope>,
        form: StrictForm<IntrospectionRequest>,
    ) -> Result<Json<Introspection>, ErrorResponse<AuthBodyErrors>> {
        let mut errors = Vec::new();
        let token = form.0.token.required("token", &mut errors);
        let Some(token) = token.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        match self.principals.claims(&token.0).await {
            Ok(claims) => Ok(Json(claims.into())),
            Err(AuthenticationError::InvalidToken) => Ok(Json(Introspection::default())),
            Err(AuthenticationError::Storage(error)) => Err(Problem::from(error).into()),
        }
    }
}

//! Access tokens for other services: one for a password, the keys that verify them, whether one is valid.

/// HTTP Basic credentials.
mod basic;

/// Bodies of requests and responses.
mod dto;

use crate::domain::sessions::Sessions;
use crate::domain::sessions::error::AuthenticationError;
use crate::http::contract::auth::{Anyone, Caller, Profile, TokensIntrospect, bad_token, bearer};
use crate::http::contract::error_responses::{Guarded, GuardedForm, Nothing, Refusal, Statuses};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_form::StrictForm;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use basic::Basic;
use dto::{Introspection, IntrospectionRequest, KeySet, TokenClaims};
use poem::Request;
use poem_openapi::payload::{Json, PlainText};
use poem_openapi::{ApiResponse, OpenApi};

/// How long verifiers may keep the keys: as long as a new key waits by default before it signs.
const KEEP: &str = "public, max-age=300";

/// The operations and what they need.
pub struct TokensApi {
    sessions: Sessions,
}

impl TokensApi {
    /// Over the domain's sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

/// The keys.
#[derive(ApiResponse)]
pub enum KeysAnswer {
    /// The keys.
    #[oai(status = 200, content_type = "application/jwk-set+json")]
    Keys(Json<KeySet>, #[oai(header = "Cache-Control")] String),
}

/// Operations that take a proof in their head.
#[derive(Debug)]
pub struct Challenged;

impl Statuses for Challenged {
    const OWN: &'static [u16] = &[401];
}

#[OpenApi(tag = "ApiTag::Tokens")]
impl TokensApi {
    /// Get an access token for address and password
    ///
    /// The answer is the token and nothing else. Nothing renews it; to be signed in for longer, or with a second factor,
    /// use `/auth/login`.
    #[oai(path = "/login", method = "post", operation_id = "getToken")]
    async fn log_in(
        &self,
        caller: Basic,
        client: ClientInfo,
    ) -> Result<PlainText<String>, Refusal<Challenged>> {
        let token = self.sessions.log_in_for_token(caller.0, &client).await;
        let token = token.map_err(basic::refusal)?;
        Ok(PlainText(token.reveal().to_owned()))
    }

    /// The keys that verify access tokens
    ///
    /// A JWK set (RFC 7517). A key is published before it signs, and until the last token that it signed has ended. Ask
    /// again when a token names a key that you do not have.
    #[oai(
        path = "/.well-known/jwks.json",
        method = "get",
        operation_id = "listTokenKeys"
    )]
    async fn keys(&self, _caller: Anyone) -> Result<KeysAnswer, Refusal<Nothing>> {
        let keys = self.sessions.public_keys();
        let keys = keys.into_iter().map(Into::into).collect();
        Ok(KeysAnswer::Keys(Json(KeySet { keys }), KEEP.to_owned()))
    }

    /// Is the caller's own access token valid?
    ///
    /// Its claims, if so. A token that has expired or was revoked, or that is for somebody else, is answered 401.
    #[oai(path = "/validate", method = "post", operation_id = "validateToken")]
    async fn validate(
        &self,
        caller: Caller<Profile>,
        request: &Request,
    ) -> Result<Json<TokenClaims>, Refusal<Guarded>> {
        let token = bearer(request).ok_or_else(bad_token)?;
        let claims = self.sessions.own_claims(&caller.signed_in, token)?;
        Ok(Json(claims.into()))
    }

    /// Is this access token valid?
    ///
    /// RFC 7662. Whatever is no valid access token is answered `{"active":false}`, without a reason; refresh tokens are
    /// never active here: nobody to whom one is shown as an access token must take it for one.
    #[oai(path = "/introspect", method = "post", operation_id = "introspectToken")]
    async fn introspect(
        &self,
        _caller: Caller<TokensIntrospect>,
        form: StrictForm<IntrospectionRequest>,
    ) -> Result<Json<Introspection>, Refusal<GuardedForm>> {
        let mut errors = Vec::new();
        let token = form.0.token.required("token", &mut errors);
        let Some(token) = token.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        match self.sessions.claims(&token.0).await {
            Ok(claims) => Ok(Json(claims.into())),
            Err(AuthenticationError::InvalidToken) => Ok(Json(Introspection::default())),
            Err(AuthenticationError::Storage(error)) => Err(Problem::from(error).into()),
        }
    }
}

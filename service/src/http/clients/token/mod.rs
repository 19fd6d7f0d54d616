//! `/oauth/token`: access tokens for machine clients (RFC 6749 §4.4). Its errors are those of RFC 6749 §5.2, as client libraries expect.

/// The Basic credentials of a client.
mod client_basic;

/// Errors of the token endpoint.
mod errors;

/// The form.
mod form;

use crate::domain::clients::Clients;
use crate::domain::clients::tokens::ClientToken;
use crate::http::contract::auth::record_client;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use client_basic::ClientBasic;
use errors::TokenRejection;
use form::TokenForm;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

/// The operations.
pub struct ClientTokenApi {
    clients: Clients,
}

impl ClientTokenApi {
    /// Tokens for these clients.
    pub fn new(clients: Clients) -> Self {
        Self { clients }
    }
}

/// An access token of a machine client (RFC 6749 §5.1).
#[derive(Object)]
pub struct IssuedClientToken {
    /// The token.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Seconds until the token expires.
    expires_in: u64,
    /// Scopes of the token, separated by spaces.
    scope: String,
}

impl From<ClientToken> for IssuedClientToken {
    fn from(token: ClientToken) -> Self {
        Self {
            access_token: token.text,
            token_type: "Bearer".into(),
            expires_in: token.ttl.as_secs(),
            scope: token.scopes.text(),
        }
    }
}

#[OpenApi(tag = "ApiTag::Clients")]
impl ClientTokenApi {
    /// Get an access token as a machine client
    ///
    /// The grant `client_credentials` of OAuth 2.0 (RFC 6749 §4.4). The client authenticates with its id and a secret as Basic
    /// credentials, or with a JWT that it signs (RFC 7523 §2.2). There is no refresh token: request another access token.
    #[oai(path = "/oauth/token", method = "post", operation_id = "getClientToken")]
    async fn issue(
        &self,
        caller: ClientBasic,
        client: ClientInfo,
        form: TokenForm,
    ) -> Result<Json<IssuedClientToken>, TokenRejection> {
        let request = form.request(&caller)?;
        let token = self.clients.issue_token(request, &client).await?;
        record_client(token.client);
        Ok(Json(token.into()))
    }
}

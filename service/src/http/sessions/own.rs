//! `/auth/logout`, `/auth/logout-all`, `/auth/sessions`: listing and revoking the caller's own sessions.

use super::errors::in_session;
use crate::domain::sessions::Sessions;
use crate::domain::sessions::revocation::{RevocationOutcome, SessionRow};
use crate::http::accounts::fields::SecretText;
use crate::http::contract::auth::{Caller, ProfileScope, SetupScope};
use crate::http::contract::error_responses::{AuthBodyErrors, AuthErrors, AuthNotFoundErrors, ErrorResponse};
use crate::http::contract::field::{Field, FieldValue, Optional};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::StrictJson;
use crate::http::openapi::tags::ApiTag;
use crate::http::totp::fields::TypedCode;
use crate::types::client_info::ClientInfo;
use chrono::{DateTime, Utc};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::registry::MetaSchema;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

/// The operations.
pub struct OwnSessionsApi {
    sessions: Sessions,
}

impl OwnSessionsApi {
    /// Operations on these sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

/// The id of a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionId(Uuid);

impl FieldValue for SessionId {
    const EXPECTED: &'static str = "must be a session id, such as 67e55044-10b1-426f-9247-bb680e5fe0c8";

    fn parse(text: &str) -> Option<Self> {
        let id = Uuid::try_parse(text).ok()?;
        // Only the canonical form is accepted.
        (id.to_string() == text).then_some(Self(id))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            example: Some("67e55044-10b1-426f-9247-bb680e5fe0c8".into()),
            ..MetaSchema::new_with_format("string", "uuid")
        }
    }
}

/// A session of the caller.
#[derive(Object)]
struct Session {
    /// Session id.
    id: String,
    /// Kind: `api` (access and refresh tokens), `browser` (a cookie) or `token` (a single access token).
    kind: String,
    /// Whether this is the session of the request.
    current: bool,
    /// Time of sign-in.
    created_at: DateTime<Utc>,
    /// Time of last use, to the minute.
    last_used_at: DateTime<Utc>,
    /// Time at which it expires unless it is used before.
    expires_at: DateTime<Utc>,
    /// `User-Agent` of the client that signed in.
    user_agent: String,
    /// IP address of the client that signed in.
    address: String,
}

/// The sessions of the caller.
#[derive(Object)]
struct SessionList {
    /// Active sessions, most recently used first; at most 200.
    sessions: Vec<Session>,
}

/// The sessions of the caller.
#[derive(ApiResponse)]
enum SessionsResponse {
    /// The active sessions.
    #[oai(status = 200)]
    Found(Json<SessionList>),
}

/// A revocation.
#[derive(ApiResponse)]
enum SessionRevoked {
    /// Revoked. Its tokens are no longer accepted.
    #[oai(status = 204)]
    Revoked,
}

fn session(row: SessionRow, current: Uuid) -> Session {
    Session {
        current: row.id == current,
        id: row.id.to_string(),
        kind: row.kind,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        user_agent: row.user_agent,
        address: row.address,
    }
}

/// Credentials that are verified again.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct ReauthenticationRequest {
    /// Password of the account.
    password: Field<SecretText>,
    /// Code of the authenticator app, or a recovery code. Required if a second factor is enabled.
    code: Field<TypedCode, Optional>,
}

/// A verification.
#[derive(ApiResponse)]
enum Reauthenticated {
    /// Verified. The session permits sensitive operations for some minutes.
    #[oai(status = 204)]
    Verified,
}

#[OpenApi(tag = "ApiTag::Sessions")]
impl OwnSessionsApi {
    /// Verify the caller's credentials again
    ///
    /// Sensitive operations of administrators require that the password, and a code if a second factor is enabled, were
    /// verified within the last minutes: at sign-in or by this operation.
    #[oai(
        path = "/auth/reauthenticate",
        method = "post",
        operation_id = "reauthenticate"
    )]
    async fn reauthenticate(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
        body: StrictJson<ReauthenticationRequest>,
    ) -> Result<Reauthenticated, ErrorResponse<AuthBodyErrors>> {
        let mut errors = Vec::new();
        let password = body.0.password.required("password", &mut errors);
        let code = body.0.code.optional("code", &mut errors);
        let Some(password) = password.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid(errors).into());
        };
        let (who, code) = (&caller.signed_in, code.map(|code| code.0));
        let proven = self.sessions.reauthenticate(who, password.0, code, &client).await;
        proven.map_err(in_session)?;
        Ok(Reauthenticated::Verified)
    }

    /// Sign out
    ///
    /// Revokes the session of the access token, including its refresh token.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logOut")]
    async fn log_out(
        &self,
        caller: Caller<SetupScope>,
        client: ClientInfo,
    ) -> Result<SessionRevoked, ErrorResponse<AuthErrors>> {
        let out = self.sessions.log_out(&caller.signed_in, &client).await;
        out.map_err(Problem::from)?;
        Ok(SessionRevoked::Revoked)
    }

    /// Sign out everywhere
    ///
    /// Revokes all sessions of the account, including this one.
    #[oai(path = "/auth/logout-all", method = "post", operation_id = "logOutEverywhere")]
    async fn log_out_everywhere(
        &self,
        caller: Caller<SetupScope>,
        client: ClientInfo,
    ) -> Result<SessionRevoked, ErrorResponse<AuthErrors>> {
        let out = self.sessions.log_out_everywhere(&caller.signed_in, &client).await;
        out.map_err(Problem::from)?;
        Ok(SessionRevoked::Revoked)
    }

    /// List sessions
    ///
    /// Lists the active sessions of the account.
    #[oai(path = "/auth/sessions", method = "get", operation_id = "listSessions")]
    async fn list(
        &self,
        caller: Caller<ProfileScope>,
    ) -> Result<SessionsResponse, ErrorResponse<AuthErrors>> {
        let rows = self
            .sessions
            .list(&caller.signed_in)
            .await
            .map_err(Problem::from)?;
        let current = caller.signed_in.session();
        let sessions = rows.into_iter().map(|row| session(row, current)).collect();
        Ok(SessionsResponse::Found(Json(SessionList { sessions })))
    }

    /// Revoke a session
    ///
    /// Signs one device out, such as a lost one.
    #[oai(path = "/auth/sessions/:id", method = "delete", operation_id = "endSession")]
    async fn end(
        &self,
        caller: Caller<ProfileScope>,
        client: ClientInfo,
        /// Session id.
        id: Path<Field<SessionId>>,
    ) -> Result<SessionRevoked, ErrorResponse<AuthNotFoundErrors>> {
        let missing = || Problem::not_found("the session does not exist");
        let id = id.0.segment().ok_or_else(missing)?;
        let ended = self.sessions.revoke(&caller.signed_in, id.0, &client).await;
        match ended.map_err(Problem::from)? {
            RevocationOutcome::Revoked => Ok(SessionRevoked::Revoked),
            RevocationOutcome::NotFound => Err(missing().into()),
        }
    }
}

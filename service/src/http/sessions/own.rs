//! `/auth/reauthenticate`, `/auth/logout`, `/auth/logout-all`, `/auth/sessions`: verifying the caller's credentials again,
//! listing and revoking the caller's own sessions.

use super::CredentialErrors;
use super::errors::in_session;
use crate::domain::sessions::Sessions;
use crate::domain::sessions::revocation::{RevocationOutcome, SessionRow};
use crate::http::accounts::fields::{SecretText, SentToken};
use crate::http::contract::auth::{Caller, OptionalToken, ProfileScope, SetupScope, missing_token};
use crate::http::contract::error_responses::{AuthBodyErrors, AuthErrors, AuthNotFoundErrors, ErrorResponse};
use crate::http::contract::field::{Field, FieldValue, Optional};
use crate::http::contract::pagination::{Limit, next_link};
use crate::http::contract::problem::Problem;
use crate::http::contract::strict_json::{OptionalJson, StrictJson};
use crate::http::openapi::tags::ApiTag;
use crate::http::totp::fields::TypedCode;
use crate::types::client_info::ClientInfo;
use crate::types::field_error::FieldError;
use chrono::{DateTime, Utc};
use poem_openapi::param::{Path, Query};
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

/// A page of the caller's sessions.
#[derive(Object)]
struct SessionList {
    /// Active sessions on this page.
    sessions: Vec<Session>,
}

/// A page of the caller's sessions.
#[derive(ApiResponse)]
enum SessionsResponse {
    /// A page of active sessions. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<SessionList>, #[oai(header = "Link")] Option<String>),
}

/// The session to sign out of, where the request has no access token.
#[derive(Object)]
#[oai(deny_unknown_fields)]
struct LogOutRequest {
    /// Refresh token of the session.
    refresh_token: Field<SentToken, Optional>,
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
    /// Ending other sessions, deleting the account, deciding on access to the database and other sensitive operations require
    /// that the password, and a code if a second factor is enabled, were verified within the last minutes: at sign-in or by
    /// this operation.
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
    /// Revokes the session of the access token, of the refresh token in the body, or both; each alone is enough (RFC 7009).
    /// Tokens that are expired, revoked or unknown are no error.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logOut")]
    async fn log_out(
        &self,
        caller: OptionalToken<ProfileScope>,
        client: ClientInfo,
        body: OptionalJson<LogOutRequest>,
    ) -> Result<SessionRevoked, ErrorResponse<CredentialErrors>> {
        let mut errors = Vec::new();
        let refresh = body
            .0
            .and_then(|body| body.refresh_token.optional("refresh_token", &mut errors));
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        if caller.token.is_none() && refresh.is_none() {
            return Err(missing_token().into());
        }
        if let Some(token) = caller.token {
            self.sessions.log_out_by_access_token(&token, &client).await?;
        }
        if let Some(SentToken(Some(token))) = refresh {
            self.sessions.log_out_by_refresh_token(&token, &client).await?;
        }
        Ok(SessionRevoked::Revoked)
    }

    /// Sign out everywhere
    ///
    /// Revokes all sessions of the account, including this one. Requires a recent sign-in or `POST /auth/reauthenticate`.
    #[oai(path = "/auth/logout-all", method = "post", operation_id = "logOutEverywhere")]
    async fn log_out_everywhere(
        &self,
        caller: Caller<SetupScope>,
        client: ClientInfo,
    ) -> Result<SessionRevoked, ErrorResponse<AuthErrors>> {
        let out = self
            .sessions
            .log_out_everywhere(&caller.recently_proven()?, &client)
            .await;
        out.map_err(Problem::from)?;
        Ok(SessionRevoked::Revoked)
    }

    /// List sessions
    ///
    /// Lists the active sessions of the account, newest first, page by page.
    #[oai(path = "/auth/sessions", method = "get", operation_id = "listSessions")]
    async fn list(
        &self,
        caller: Caller<ProfileScope>,
        /// Id of the last session on the previous page.
        after: Query<Field<SessionId, Optional>>,
        /// Maximum number of sessions on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<SessionsResponse, ErrorResponse<AuthErrors>> {
        let mut errors = Vec::new();
        let after = after.0.optional("after", &mut errors).map(|id| id.0);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let listed = self.sessions.list(&caller.signed_in, after, limit).await;
        let Some(page) = listed.map_err(Problem::from)? else {
            let reason = "must be the id from the `Link` of the previous page";
            return Err(Problem::invalid(vec![FieldError::query("after", reason)]).into());
        };
        let link = page
            .next
            .map(|id| next_link("/auth/sessions", &[("limit", limit.to_string()), ("after", id)]));
        let current = caller.signed_in.session();
        let sessions = page.items.into_iter().map(|row| session(row, current)).collect();
        Ok(SessionsResponse::Page(Json(SessionList { sessions }), link))
    }

    /// Revoke a session
    ///
    /// Signs one device out, such as a lost one. For another session than the caller's it requires a recent sign-in or
    /// `POST /auth/reauthenticate`.
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
        if id.0 == caller.signed_in.session() {
            let out = self.sessions.log_out(&caller.signed_in, &client).await;
            out.map_err(Problem::from)?;
            return Ok(SessionRevoked::Revoked);
        }
        let ended = self
            .sessions
            .revoke(&caller.recently_proven()?, id.0, &client)
            .await;
        match ended.map_err(Problem::from)? {
            RevocationOutcome::Revoked => Ok(SessionRevoked::Revoked),
            RevocationOutcome::NotFound => Err(missing().into()),
        }
    }
}

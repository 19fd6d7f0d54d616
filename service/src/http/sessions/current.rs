//! `/auth/logout`, `/auth/logout-all`, `/auth/sessions`: one's own sessions, seen and ended.

use crate::domain::sessions::Sessions;
use crate::domain::sessions::revocation::{OwnRow, RevocationOutcome};
use crate::http::contract::auth::{Caller, Profile};
use crate::http::contract::error_responses::{Guarded, GuardedLookup, Refusal};
use crate::http::contract::field::{Field, FieldValue};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::types::client_info::ClientInfo;
use chrono::{DateTime, Utc};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::registry::MetaSchema;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

/// The operations and what they need.
pub struct CurrentSessionsApi {
    sessions: Sessions,
}

impl CurrentSessionsApi {
    /// Over the domain's sessions.
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

/// The id of a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionId(Uuid);

impl FieldValue for SessionId {
    const EXPECTED: &'static str = "must be the id of a session, as in 67e55044-10b1-426f-9247-bb680e5fe0c8";

    fn parse(text: &str) -> Option<Self> {
        let id = Uuid::try_parse(text).ok()?;
        // One spelling an id.
        (id.to_string() == text).then_some(Self(id))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            example: Some("67e55044-10b1-426f-9247-bb680e5fe0c8".into()),
            ..MetaSchema::new_with_format("string", "uuid")
        }
    }
}

/// One of one's own sessions.
#[derive(Object)]
struct Session {
    /// Its id.
    id: String,
    /// `api` (access and refresh tokens), `browser` (a cookie) or `token` (one access token).
    kind: String,
    /// Whether it is the one that asks.
    current: bool,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    last_used_at: DateTime<Utc>,
    /// When it ends by itself unless it is used.
    expires_at: DateTime<Utc>,
    /// What the client called itself.
    user_agent: String,
    /// The address that it was begun from.
    address: String,
}

/// One's own sessions.
#[derive(Object)]
struct SessionList {
    /// The sessions that have not ended, those that were used last first; 200 at the most.
    sessions: Vec<Session>,
}

/// One's own sessions.
#[derive(ApiResponse)]
enum ListAnswer {
    /// The sessions.
    #[oai(status = 200)]
    Found(Json<SessionList>),
}

/// An end.
#[derive(ApiResponse)]
enum EndAnswer {
    /// Ended: its tokens are refused from now on.
    #[oai(status = 204)]
    Ended,
}

fn session(row: OwnRow, current: Uuid) -> Session {
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

#[OpenApi(tag = "ApiTag::Sessions")]
impl CurrentSessionsApi {
    /// Sign out
    ///
    /// Ends the session of the access token: both of its tokens are refused from now on.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logOut")]
    async fn log_out(
        &self,
        caller: Caller<Profile>,
        client: ClientInfo,
    ) -> Result<EndAnswer, Refusal<Guarded>> {
        let out = self.sessions.log_out(&caller.signed_in, &client).await;
        out.map_err(Problem::from)?;
        Ok(EndAnswer::Ended)
    }

    /// Sign out everywhere
    ///
    /// Ends all sessions of the account, this one too.
    #[oai(path = "/auth/logout-all", method = "post", operation_id = "logOutEverywhere")]
    async fn log_out_everywhere(
        &self,
        caller: Caller<Profile>,
        client: ClientInfo,
    ) -> Result<EndAnswer, Refusal<Guarded>> {
        let out = self.sessions.log_out_everywhere(&caller.signed_in, &client).await;
        out.map_err(Problem::from)?;
        Ok(EndAnswer::Ended)
    }

    /// One's own sessions
    ///
    /// Where one is signed in.
    #[oai(path = "/auth/sessions", method = "get", operation_id = "listSessions")]
    async fn list(&self, caller: Caller<Profile>) -> Result<ListAnswer, Refusal<Guarded>> {
        let rows = self
            .sessions
            .list(&caller.signed_in)
            .await
            .map_err(Problem::from)?;
        let current = caller.signed_in.session();
        let sessions = rows.into_iter().map(|row| session(row, current)).collect();
        Ok(ListAnswer::Found(Json(SessionList { sessions })))
    }

    /// End one of one's own sessions
    ///
    /// As when a device was lost.
    #[oai(path = "/auth/sessions/:id", method = "delete", operation_id = "endSession")]
    async fn end(
        &self,
        caller: Caller<Profile>,
        client: ClientInfo,
        /// The session's id.
        id: Path<Field<SessionId>>,
    ) -> Result<EndAnswer, Refusal<GuardedLookup>> {
        let missing = || Problem::not_found("there is no such session");
        let id = id.0.segment().ok_or_else(missing)?;
        let ended = self.sessions.revoke(&caller.signed_in, id.0, &client).await;
        match ended.map_err(Problem::from)? {
            RevocationOutcome::Revoked => Ok(EndAnswer::Ended),
            RevocationOutcome::NotFound => Err(missing().into()),
        }
    }
}

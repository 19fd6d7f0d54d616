//! `GET /admin/audit`.

use crate::domain::audit::{Audit, EventRow, Filter};
use crate::http::contract::auth::{AuditReadScope, Caller};
use crate::http::contract::error_responses::{AuthErrors, ErrorResponse};
use crate::http::contract::field::{Field, FieldValue, Optional};
use crate::http::contract::pagination::{Limit, next_link};
use crate::http::contract::problem::Problem;
use crate::http::openapi::tags::ApiTag;
use crate::types::account::AccountId;
use crate::types::event_hash::EventHash;
use chrono::{DateTime, Utc};
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::Any;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde_json::Value;

/// The path of the operation.
const PATH: &str = "/admin/audit";

/// The operation.
pub struct AuditApi {
    audit: Audit,
}

impl AuditApi {
    /// The operation on this audit log.
    pub fn new(audit: Audit) -> Self {
        Self { audit }
    }
}

/// An audit event.
#[derive(Object)]
pub struct Event {
    /// Sequence number, without gaps.
    pub id: i64,
    /// Time of the event.
    pub at: DateTime<Utc>,
    /// Account that acted; absent if the request was not authenticated.
    #[oai(skip_serializing_if_is_none)]
    pub actor_id: Option<i64>,
    /// Action, such as `session.begun`.
    pub action: String,
    /// Subject of the action, such as `account:7`.
    pub subject: String,
    /// Request id; equals the header `X-Request-Id`.
    pub request_id: String,
    /// IP address of the client.
    pub address: String,
    /// Details; the members depend on the action.
    pub detail: Any<Value>,
    /// SHA-256 over the hash of the previous event and this event. A copy stored elsewhere proves that neither this event nor
    /// any earlier one was changed: `portcullis audit verify --head`.
    #[oai(validator(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
}

/// A page of events, newest first.
#[derive(Object)]
pub struct EventList {
    /// Events on this page.
    pub events: Vec<Event>,
}

/// A page of events.
#[derive(ApiResponse)]
pub enum EventsResponse {
    /// A page of events. `Link` with `rel="next"` points to the next page, if any.
    #[oai(status = 200)]
    Page(Json<EventList>, #[oai(header = "Link")] Option<String>),
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            actor_id: row.actor_id,
            action: row.action,
            subject: row.subject,
            request_id: row.request_id,
            address: row.address,
            detail: Any(row.detail),
            hash: EventHash::of(&row.hash)
                .map(|hash| hash.to_string())
                .unwrap_or_default(),
        }
    }
}

/// The name of an action.
#[derive(Debug)]
struct Action(String);

impl FieldValue for Action {
    const EXPECTED: &'static str = "must be the name of an action, such as session.begun";

    fn parse(text: &str) -> Option<Self> {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
        let good = text.len() <= 64 && text.contains('.') && text.split('.').all(is_name);
        good.then(|| Self(text.to_owned()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            max_length: Some(64),
            pattern: Some("^[a-z_]+(\\.[a-z_]+)+$".to_owned()),
            example: Some("session.begun".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// The subject of an event.
#[derive(Debug)]
struct Subject(String);

impl FieldValue for Subject {
    const EXPECTED: &'static str = "must be a kind, a colon and a number or id, such as account:7";

    fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        let kind = !kind.is_empty() && kind.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
        let id = !id.is_empty() && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        (kind && id && text.len() <= 100).then(|| Self(text.to_owned()))
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            max_length: Some(100),
            pattern: Some("^[a-z_]+:[A-Za-z0-9-]+$".to_owned()),
            example: Some("account:7".into()),
            ..MetaSchema::new("string")
        }
    }
}

/// The number of an event.
#[derive(Debug)]
struct EventNumber(i64);

impl FieldValue for EventNumber {
    const EXPECTED: &'static str = "must be an event number from 1 to 9223372036854775807";

    fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|c| c.is_ascii_digit()) && !text.starts_with('0');
        text.parse().ok().filter(|_| digits).map(Self)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            minimum: Some(1.0),
            ..MetaSchema::new_with_format("integer", "int64")
        }
    }
}

#[OpenApi(tag = "ApiTag::Audit")]
impl AuditApi {
    /// List audit events
    ///
    /// Lists events newest first, page by page, optionally filtered by account, action or subject. The log is append-only.
    #[oai(path = "/admin/audit", method = "get", operation_id = "listEvents")]
    async fn list(
        &self,
        caller: Caller<AuditReadScope>,
        /// Only events of this account.
        actor: Query<Field<AccountId, Optional>>,
        /// Only events with this action.
        action: Query<Field<Action, Optional>>,
        /// Only events with this subject.
        subject: Query<Field<Subject, Optional>>,
        /// Number of the last event on the previous page.
        before: Query<Field<EventNumber, Optional>>,
        /// Maximum number of events on a page.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<EventsResponse, ErrorResponse<AuthErrors>> {
        let admin = caller.admin()?;
        let mut errors = Vec::new();
        let actor = actor.0.optional("actor", &mut errors);
        let action = action.0.optional("action", &mut errors).map(|action| action.0);
        let subject = subject
            .0
            .optional("subject", &mut errors)
            .map(|subject| subject.0);
        let before = before.0.optional("before", &mut errors).map(|number| number.0);
        let limit = limit.0.optional("limit", &mut errors).unwrap_or_default().0;
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
        let mut parameters = vec![("limit", limit.to_string())];
        parameters.extend(actor.map(|actor| ("actor", actor.to_string())));
        parameters.extend(action.clone().map(|action| ("action", action)));
        parameters.extend(subject.clone().map(|subject| ("subject", subject)));
        let filter = Filter {
            actor,
            action,
            subject,
        };
        let listed = self.audit.list(&admin, filter, before, limit).await;
        let page = listed.map_err(Problem::from)?;
        let link = page.next.map(|key| {
            parameters.push(("before", key));
            next_link(PATH, &parameters)
        });
        let events = page.items.into_iter().map(Event::from).collect();
        Ok(EventsResponse::Page(Json(EventList { events }), link))
    }
}

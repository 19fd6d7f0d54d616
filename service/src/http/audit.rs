//! `GET /admin/audit`.

use crate::domain::audit::{Audit, EventRow, Filter};
use crate::http::contract::auth::{AuditRead, Caller};
use crate::http::contract::error_responses::{Guarded, Refusal};
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

/// The path.
const PATH: &str = "/admin/audit";

/// The operation and what it needs.
pub struct AuditApi {
    audit: Audit,
}

impl AuditApi {
    /// Over the domain's events.
    pub fn new(audit: Audit) -> Self {
        Self { audit }
    }
}

/// Something that happened.
#[derive(Object)]
pub struct Event {
    /// Number, without gaps.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The account that did it; where there is none, nobody was signed in.
    #[oai(skip_serializing_if_is_none)]
    pub actor_id: Option<i64>,
    /// What, as in `session.begun`.
    pub action: String,
    /// To what, as in `account:7`.
    pub subject: String,
    /// In which request; the same as its `X-Request-Id`.
    pub request_id: String,
    /// The address that it came from.
    pub address: String,
    /// More; which members there are depends on the action.
    pub detail: Any<Value>,
    /// SHA-256 over the hash of the event before and this event. Written down elsewhere, it proves later that neither
    /// this event nor any before it was changed: `portcullis audit verify --head`.
    #[oai(validator(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
}

/// Some events, newest first.
#[derive(Object)]
pub struct Events {
    /// The events of this page.
    pub events: Vec<Event>,
}

/// A page of events.
#[derive(ApiResponse)]
pub enum EventsAnswer {
    /// The events. `Link` with `rel="next"` leads to the next page, where there is one.
    #[oai(status = 200)]
    Page(Json<Events>, #[oai(header = "Link")] Option<String>),
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
    const EXPECTED: &'static str = "must be the name of an action, as in session.begun";

    fn parse(text: &str) -> Option<Self> {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
        let good = text.len() <= 64 && text.contains('.') && text.split('.').all(word);
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

/// What an event is about.
#[derive(Debug)]
struct Subject(String);

impl FieldValue for Subject {
    const EXPECTED: &'static str = "must be a kind of thing, a colon and its number or id, as in account:7";

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
    const EXPECTED: &'static str = "must be the number of an event, from 1 to 9223372036854775807";

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
    /// What happened, newest first
    ///
    /// A page of audit events: all of them, or those of one account, of one action, about one thing. They are added and
    /// never changed; `Link` leads from page to page.
    #[oai(path = "/admin/audit", method = "get", operation_id = "listEvents")]
    async fn list(
        &self,
        caller: Caller<AuditRead>,
        /// Only what this account did.
        actor: Query<Field<AccountId, Optional>>,
        /// Only this action.
        action: Query<Field<Action, Optional>>,
        /// Only what happened to this.
        subject: Query<Field<Subject, Optional>>,
        /// Only events before this number: the last of the page before.
        before: Query<Field<EventNumber, Optional>>,
        /// How many events a page has at the most.
        limit: Query<Field<Limit, Optional>>,
    ) -> Result<EventsAnswer, Refusal<Guarded>> {
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
        Ok(EventsAnswer::Page(Json(Events { events }), link))
    }
}

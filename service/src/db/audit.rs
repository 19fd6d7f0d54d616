//! Audit events: added in the transaction of what they tell of.
use super::schema::audit::events;
use crate::types::account::AccountId;
use crate::types::peer::Peer;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text};
use serde_json::Value;

diesel::define_sql_function! {
    /// The only way in.
    #[sql_name = "audit.append"]
    fn append_event(
        actor_id: Nullable<BigInt>, action: Text, subject: Text, request_id: Text, address: Text, detail: Jsonb
    ) -> BigInt;
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// Who did it; `None`: nobody who is signed in.
    pub actor: Option<AccountId>,
    /// What, as in `session.begun`: a noun and a past participle.
    pub action: &'static str,
    /// To what, as in `account:7`.
    pub subject: String,
    /// In which request.
    pub peer: &'a Peer,
    /// More. Never a secret, never an address of mail.
    pub detail: Value,
}

/// Adds an event. It holds the end of the chain until the transaction ends: call it last.
pub fn append(conn: &mut PgConnection, event: &Event<'_>) -> QueryResult<()> {
    let peer = event.peer;
    diesel::select(append_event(
        event.actor.map(AccountId::get),
        event.action,
        &event.subject,
        &peer.request_id,
        peer.address.to_string(),
        &event.detail,
    ))
    .execute(conn)
    .map(drop)
}

/// How many events there are: of use in tests of what appends them.
pub fn count(conn: &mut PgConnection) -> QueryResult<i64> {
    events::table.count().get_result(conn)
}

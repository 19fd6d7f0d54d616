//! Audit events: appended in the transaction that they describe, listed, and read as a hash chain.

use super::Db;
use super::conninfo::{Purpose, WriteTarget};
use super::error::DbError;
use super::pool::{ConnectError, Manager};
use super::schema::audit::{events, head};
use crate::config::database::DatabaseSettings;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::event_hash::EventHash;
use crate::types::page_row::{PageRow, json_bytes};
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text};
use serde_json::{Value, json};

/// Events per query when the chain is read.
const BATCH_SIZE: i64 = 5_000;

/// 2000-01-01, the epoch of PostgreSQL timestamps, in microseconds since 1970.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

diesel::define_sql_function! {
    /// The only permitted way to add events.
    #[sql_name = "audit.append"]
    fn append_event(
        actor_id: Nullable<BigInt>, action: Text, subject: Text, request_id: Text, address: Text, detail: Jsonb
    ) -> BigInt;
}

/// An event to be appended.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// Account that acted. `None`: not signed in.
    pub actor: Option<AccountId>,
    /// Action: a noun and a past participle, for example `session.begun`.
    pub action: &'static str,
    /// Subject, for example `account:7`.
    pub subject: String,
    /// Client that sent the request.
    pub client: &'a ClientInfo,
    /// Details. Never a secret or a mail address.
    pub detail: Value,
}

/// An event as it is listed.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct EventRow {
    /// Id, without gaps.
    pub id: i64,
    /// Time.
    pub at: DateTime<Utc>,
    /// Account that acted.
    pub actor_id: Option<i64>,
    /// Action.
    pub action: String,
    /// Subject.
    pub subject: String,
    /// Request id.
    pub request_id: String,
    /// Address of the client.
    pub address: String,
    /// Details.
    pub detail: Value,
    /// Hash of the event.
    pub hash: Vec<u8>,
}

impl PageRow for EventRow {
    fn text_bytes(&self) -> usize {
        let texts = [&self.action, &self.subject, &self.request_id, &self.address];
        texts.map(|text| json_bytes(text)).iter().sum::<usize>() + self.detail.to_string().len()
    }
}

/// Filter of the list. `None`: any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Account that acted.
    pub actor: Option<AccountId>,
    /// Action.
    pub action: Option<String>,
    /// Subject.
    pub subject: Option<String>,
}

/// An event with all hashed values.
#[derive(Clone, Debug)]
pub struct ChainRow {
    /// Id.
    pub id: i64,
    /// Time. `None`: not representable, for example infinity.
    pub at: Option<DateTime<Utc>>,
    /// Account that acted.
    pub actor_id: Option<i64>,
    /// Action.
    pub action: String,
    /// Subject.
    pub subject: String,
    /// Request id.
    pub request_id: String,
    /// Address of the client.
    pub address: String,
    /// Details, in the text form of the database.
    pub detail: String,
    /// Hash of the previous event. `None`: not of 32 bytes.
    pub previous_hash: Option<EventHash>,
    /// Hash of this event. `None`: not of 32 bytes.
    pub hash: Option<EventHash>,
}

/// The end of the chain, as recorded in a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Id of the last event.
    pub id: i64,
    /// Hash of the event.
    pub hash: Option<EventHash>,
}

/// Why the chain was not read to its end.
#[derive(Debug)]
pub enum ReadError<E> {
    /// The connection failed.
    Connect(ConnectError),
    /// A statement failed.
    Db(DbError),
    /// The callback stopped.
    Stopped(E),
}

impl<E> From<diesel::result::Error> for ReadError<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(DbError::of("read_chain", &error))
    }
}

/// Appends an event. Locks the end of the chain until the end of the transaction: call it last.
pub fn append(conn: &mut PgConnection, event: &Event<'_>) -> QueryResult<()> {
    let client = event.client;
    let detail = with_client(event.detail.clone(), client);
    diesel::select(append_event(
        event.actor.map(AccountId::get),
        event.action,
        &event.subject,
        &client.request_id.own,
        client.address.to_string(),
        &detail,
    ))
    .execute(conn)
    .map(drop)
}

/// Adds to the details of an event what is recorded about its client besides id and address.
pub fn with_client(mut detail: Value, client: &ClientInfo) -> Value {
    if let Some(members) = detail.as_object_mut() {
        // Beside ours, which alone identifies the request: a client can send any id.
        if let Some(id) = &client.request_id.of_client {
            members.insert("client_request_id".to_owned(), Value::from(id.as_str()));
        }
        if let Some(operator) = &client.operator {
            members.insert("operator".to_owned(), json!(operator));
        }
    }
    detail
}

/// Appends an event if the chain ends with this hash. False: it does not, and nothing was appended.
///
/// # Errors
/// Also if another event was appended at the same time.
pub fn append_after(conn: &mut PgConnection, head: EventHash, event: &Event<'_>) -> QueryResult<bool> {
    let current: Vec<u8> = head::table.select(head::hash).first(conn)?;
    if current != head.bytes() {
        return Ok(false);
    }
    append(conn, event)?;
    let newest = events::table
        .order(events::id.desc())
        .select(events::previous_hash);
    let previous: Vec<u8> = newest.first(conn)?;
    if previous == head.bytes() {
        Ok(true)
    } else {
        Err(diesel::result::Error::RollbackTransaction)
    }
}

/// Events with ids below `before`, newest first.
pub async fn list(
    db: &Db,
    filter: Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<EventRow>, DbError> {
    db.run("list_events", move |conn| {
        let mut query = events::table.order(events::id.desc()).limit(limit).into_boxed();
        if let Some(before) = before {
            query = query.filter(events::id.lt(before));
        }
        if let Some(actor) = filter.actor {
            query = query.filter(events::actor_id.eq(actor.get()));
        }
        if let Some(action) = &filter.action {
            query = query.filter(events::action.eq(action));
        }
        if let Some(subject) = &filter.subject {
            query = query.filter(events::subject.eq(subject));
        }
        query
            .select((
                events::id,
                events::at,
                events::actor_id,
                events::action,
                events::subject,
                events::request_id,
                events::address,
                events::detail,
                events::hash,
            ))
            .load(conn)
    })
    .await
}

/// The recorded end of the chain. `None`: it is missing or malformed.
pub async fn find_head(db: &Db) -> Result<Option<(i64, EventHash)>, DbError> {
    db.run("find_audit_head", |conn| {
        let end: Option<(i64, Vec<u8>)> = head::table
            .select((head::id, head::hash))
            .first(conn)
            .optional()?;
        Ok(end.and_then(|(id, hash)| Some((id, EventHash::of(&hash)?))))
    })
    .await
}

/// The hash of an event.
pub async fn find_hash(db: &Db, id: i64) -> Result<Option<EventHash>, DbError> {
    db.run("find_event_hash", move |conn| {
        let hash: Option<Vec<u8>> = events::table
            .find(id)
            .select(events::hash)
            .first(conn)
            .optional()?;
        Ok(hash.and_then(|hash| EventHash::of(&hash)))
    })
    .await
}

/// Calls `each` for every event of one snapshot, oldest first. Returns the recorded end of the chain; `None`: it is
/// missing.
pub fn read_chain<E>(
    database: &DatabaseSettings,
    mut each: impl FnMut(&ChainRow) -> Result<(), E>,
) -> Result<Option<Head>, ReadError<E>> {
    let purpose = Purpose::Change(WriteTarget::Accounts);
    let mut conn =
        Manager::open(database, &database.name, &database.accounts, purpose).map_err(ReadError::Connect)?;
    conn.build_transaction()
        .repeatable_read()
        .read_only()
        .run(|conn| {
            let mut after = None;
            loop {
                let batch = read_batch(conn, after)?;
                let Some(last) = batch.last() else { break };
                after = Some(last.id);
                batch.iter().try_for_each(&mut each).map_err(ReadError::Stopped)?;
            }
            let end = head::table
                .select((head::id, head::hash))
                .first(conn)
                .optional()?;
            Ok(end.map(|(id, hash): (i64, Vec<u8>)| Head {
                id,
                hash: EventHash::of(&hash),
            }))
        })
}

fn read_batch(conn: &mut PgConnection, after: Option<i64>) -> QueryResult<Vec<ChainRow>> {
    let mut query = events::table.order(events::id).limit(BATCH_SIZE).into_boxed();
    if let Some(after) = after {
        query = query.filter(events::id.gt(after));
    }
    let rows: Vec<Columns> = query
        .select((
            events::id,
            events::at,
            events::actor_id,
            events::action,
            events::subject,
            events::request_id,
            events::address,
            sql::<Text>("detail::text"),
            events::previous_hash,
            events::hash,
        ))
        .load(conn)?;
    Ok(rows.into_iter().map(chain_row).collect())
}

type Columns = (
    i64,
    PgTimestamp,
    Option<i64>,
    String,
    String,
    String,
    String,
    String,
    Vec<u8>,
    Vec<u8>,
);

fn chain_row(columns: Columns) -> ChainRow {
    let (id, at, actor_id, action, subject, request_id, address, detail, previous_hash, hash) = columns;
    let micros = at.0.checked_add(POSTGRES_EPOCH);
    ChainRow {
        id,
        at: micros.and_then(DateTime::from_timestamp_micros),
        actor_id,
        action,
        subject,
        request_id,
        address,
        detail,
        previous_hash: EventHash::of(&previous_hash),
        hash: EventHash::of(&hash),
    }
}

//! Audit events: added in the transaction of what they tell of, listed, and read through as a chain.
use super::Db;
use super::conninfo::{Changing, Purpose};
use super::error::DbError;
use super::pool::{ConnectError, Manager};
use super::schema::audit::{events, head};
use crate::config::database::DatabaseSettings;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use crate::types::event_hash::EventHash;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text};
use serde_json::Value;

/// How many events are read at a time.
const BATCH: i64 = 5_000;

/// PostgreSQL counts from 2000-01-01: microseconds since 1970.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

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
    pub client: &'a ClientInfo,
    /// More. Never a secret, never an address of mail.
    pub detail: Value,
}

/// An event as it is shown.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct EventRow {
    /// Number, without gaps.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor_id: Option<i64>,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// In which request.
    pub request_id: String,
    /// From where.
    pub address: String,
    /// More.
    pub detail: Value,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// Which events are wanted; `None`: whichever there are.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this account.
    pub actor: Option<AccountId>,
    /// Only of this action.
    pub action: Option<String>,
    /// Only about this.
    pub subject: Option<String>,
}

/// An event as its hash is taken over.
#[derive(Clone, Debug)]
pub struct ChainRow {
    /// Number.
    pub id: i64,
    /// When; `None`: at no time that a clock shows.
    pub at: Option<DateTime<Utc>>,
    /// Who did it.
    pub actor_id: Option<i64>,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// In which request.
    pub request_id: String,
    /// From where.
    pub address: String,
    /// More, as the database writes it: members in its order.
    pub detail: String,
    /// The hash of the one before; `None`: too short or too long to be one.
    pub previous_hash: Option<EventHash>,
    /// Its own.
    pub hash: Option<EventHash>,
}

/// The end of the chain as it is written down beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the last event.
    pub id: i64,
    /// Its hash.
    pub hash: Option<EventHash>,
}

/// Why the chain was not read to its end.
#[derive(Debug)]
pub enum ReadError<E> {
    /// No connection.
    Connect(ConnectError),
    /// The database refused.
    Db(DbError),
    /// Whoever looked at the events had seen enough.
    Stopped(E),
}

impl<E> From<diesel::result::Error> for ReadError<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(DbError::of("read_chain", &error))
    }
}

/// Adds an event. It holds the end of the chain until the transaction ends: call it last.
pub fn append(conn: &mut PgConnection, event: &Event<'_>) -> QueryResult<()> {
    let client = event.client;
    diesel::select(append_event(
        event.actor.map(AccountId::get),
        event.action,
        &event.subject,
        &client.request_id,
        client.address.to_string(),
        &event.detail,
    ))
    .execute(conn)
    .map(drop)
}

/// Events before a number, newest first.
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

/// Shows every event, oldest first, a batch at a time, as they stand at one moment, and returns the end of the chain at
/// that moment; `None`: it is not there.
pub fn read_chain<E>(
    database: &DatabaseSettings,
    mut each: impl FnMut(&ChainRow) -> Result<(), E>,
) -> Result<Option<Head>, ReadError<E>> {
    let purpose = Purpose::Change(Changing::Accounts);
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
    let mut query = events::table.order(events::id).limit(BATCH).into_boxed();
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

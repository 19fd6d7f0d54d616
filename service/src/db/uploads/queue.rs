//! The job queue of uploads. A replica takes the oldest job that is queued, or whose owner has died; `SKIP LOCKED` keeps two
//! replicas from waiting for the same row. What an owner writes carries the number of its ownership.

use super::{INCOMPLETE, LEASE, Owned, OwnedOutcome, db_now, delete_parts, lease_end};
use crate::db::error::DbError;
use crate::db::interval::interval;
use crate::db::pool::HeldConnection;
use crate::db::schema::rates::{upload_parts, uploads};
use crate::types::upload::{BatchFormat, BatchId, BodyCoding, UploadState};
use chrono::{DateTime, Utc};
use diesel::dsl::{max, now};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Interval, Nullable, Text, Timestamptz};
use serde_json::Value;
use std::io::{self, ErrorKind, Read};
use std::time::Duration;

/// Maximum number of rows deleted by one statement.
const PURGE_BATCH_SIZE: i32 = 1_000;

diesel::define_sql_function! {
    /// Deletes uploads that ended long ago: the ingest login has no DELETE on the table.
    #[sql_name = "rates.purge_uploads"]
    fn purge_uploads(age: Interval, batch: Integer) -> BigInt;
}

diesel::define_sql_function! {
    /// Cancels the statement of a backend of the same role.
    fn pg_cancel_backend(pid: Integer) -> Bool;
}

/// A job that this process has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its upload.
    pub owned: Owned,
    /// Format of the decoded body.
    pub format: BatchFormat,
    /// Content coding of the body.
    pub coding: BodyCoding,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
    /// How many owners ended and did not hand it back.
    pub crashes: i64,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub enum JobEnd {
    /// A dry run found this many prices and no invalid row.
    Checked(u64),
    /// Nothing was stored, for this reason, which lies in its content.
    Failed(String),
    /// Nothing was stored, for this reason, which does not lie in its content: the same request may be repeated.
    ServiceFailed(String),
    /// Nothing was stored, for these rows: the first ones, and the number of all.
    Invalid(Value, u64),
    /// It was cancelled.
    Cancelled,
}

/// What an owner learns when it reports its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// The job continues.
    Continue,
    /// The job is to be cancelled.
    Cancel,
    /// The job has another owner.
    Lost,
}

/// Uploads that wait for a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Their number.
    pub queued: i64,
    /// How long the oldest of them has waited.
    pub age: Duration,
}

#[derive(QueryableByName)]
struct TakenRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    attempt: i64,
    #[diesel(sql_type = Text)]
    format: String,
    #[diesel(sql_type = Text)]
    coding: String,
    #[diesel(sql_type = Bool)]
    dry_run: bool,
    #[diesel(sql_type = BigInt)]
    crashes: i64,
}

#[derive(QueryableByName)]
struct BacklogRow {
    #[diesel(sql_type = BigInt)]
    queued: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    oldest: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    db_now: DateTime<Utc>,
}

/// A connection to the queue. Calls block.
pub struct Queue(HeldConnection);

impl Queue {
    /// Over a connection of the ingest login.
    pub fn new(connection: HeldConnection) -> Self {
        Self(connection)
    }

    /// Whether the login was replaced, so that another connection should be used.
    pub fn is_replaced(&self) -> bool {
        self.0.is_replaced()
    }

    /// Closes the connection after an error.
    pub fn discard(self) {
        self.0.discard();
    }

    /// Takes the oldest job. `None`: there is none.
    pub fn take(&mut self) -> Result<Option<Job>, DbError> {
        let taken: Option<TakenRow> = diesel::sql_query(
            "UPDATE rates.uploads AS u \
             SET state = 'running', attempt = attempt + 1, crashes = crashes + (state = 'running')::integer, \
             rows_done = 0, lease_until = now() + $1 \
             WHERE id = (SELECT id FROM rates.uploads WHERE ended_at IS NULL \
               AND (state = 'queued' OR (state = 'running' AND lease_until < now())) \
               ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) \
             RETURNING id, attempt, format, coding, dry_run, crashes",
        )
        .bind::<Interval, _>(interval(LEASE))
        .get_result(&mut *self.0)
        .optional()
        .map_err(|error| DbError::of("take_upload", &error))?;
        Ok(taken.and_then(|row| {
            Some(Job {
                owned: Owned {
                    id: BatchId::of(row.id),
                    attempt: row.attempt,
                },
                format: BatchFormat::parse(&row.format)?,
                coding: BodyCoding::parse(&row.coding)?,
                dry_run: row.dry_run,
                crashes: row.crashes,
            })
        }))
    }

    /// Reports progress and renews the lease.
    pub fn report(&mut self, owned: Owned, done: u64, total: Option<u64>) -> Result<Heartbeat, DbError> {
        let cancel: Option<bool> = diesel::update(running(owned))
            .set((
                uploads::lease_until.eq(lease_end(LEASE).nullable()),
                uploads::rows_done.eq(count(done)),
                uploads::rows_total.eq(total.map(count)),
            ))
            .returning(uploads::cancel_requested)
            .get_result(&mut *self.0)
            .optional()
            .map_err(|error| DbError::of("report_upload", &error))?;
        Ok(match cancel {
            Some(false) => Heartbeat::Continue,
            Some(true) => Heartbeat::Cancel,
            None => Heartbeat::Lost,
        })
    }

    /// Stores the end of a job that stored nothing.
    pub fn end(&mut self, owned: Owned, end: &JobEnd) -> Result<OwnedOutcome, DbError> {
        let work = |conn: &mut PgConnection| {
            let (state, total, reason, errors, error_count) = match end {
                JobEnd::Checked(prices) => (UploadState::Checked, Some(count(*prices)), None, None, 0),
                JobEnd::Failed(reason) | JobEnd::ServiceFailed(reason) => {
                    (UploadState::Failed, None, Some(reason.as_str()), None, 0)
                }
                JobEnd::Invalid(errors, number) => {
                    (UploadState::Failed, None, None, Some(errors), count(*number))
                }
                JobEnd::Cancelled => (UploadState::Cancelled, None, None, None, 0),
            };
            let is_repeatable = matches!(end, JobEnd::ServiceFailed(_));
            let ended = diesel::update(running(owned))
                .set((
                    uploads::state.eq(state.as_str()),
                    uploads::rows_total.eq(total),
                    total.map(|total| uploads::rows_done.eq(total)),
                    uploads::reason.eq(reason),
                    uploads::is_repeatable.eq(is_repeatable),
                    is_repeatable.then(|| uploads::idempotency_key.eq(None::<String>)),
                    errors.map(|errors| uploads::errors.eq(errors)),
                    uploads::error_count.eq(error_count),
                    uploads::lease_until.eq(None::<DateTime<Utc>>),
                    uploads::ended_at.eq(db_now()),
                ))
                .execute(conn)?;
            if ended == 0 {
                return Ok(OwnedOutcome::Lost);
            }
            delete_parts(conn, owned.id.get())?;
            Ok(OwnedOutcome::Written)
        };
        self.0
            .transaction(work)
            .map_err(|error| DbError::of("end_upload", &error))
    }

    /// Hands a job back, for another replica to take at once.
    pub fn release(&mut self, owned: Owned) -> Result<(), DbError> {
        diesel::update(running(owned))
            .set((
                uploads::state.eq(UploadState::Queued.as_str()),
                uploads::rows_done.eq(0),
                uploads::lease_until.eq(None::<DateTime<Utc>>),
            ))
            .execute(&mut *self.0)
            .map(drop)
            .map_err(|error| DbError::of("release_upload", &error))
    }

    /// Cancels the statement that a backend of the same login executes.
    pub fn cancel_statement(&mut self, backend: i32) -> Result<(), DbError> {
        diesel::select(pg_cancel_backend(backend))
            .execute(&mut *self.0)
            .map(drop)
            .map_err(|error| DbError::of("cancel_upload_statement", &error))
    }

    /// The jobs that wait.
    pub fn backlog(&mut self) -> Result<Backlog, DbError> {
        let row: BacklogRow = diesel::sql_query(
            "SELECT count(*) AS queued, min(coalesce(queued_at, created_at)) AS oldest, now() AS db_now FROM rates.uploads \
             WHERE ended_at IS NULL AND state = 'queued'",
        )
        .get_result(&mut *self.0)
        .map_err(|error| DbError::of("upload_backlog", &error))?;
        let age = row.oldest.and_then(|oldest| (row.db_now - oldest).to_std().ok());
        Ok(Backlog {
            queued: row.queued,
            age: age.unwrap_or_default(),
        })
    }

    /// Ends uploads whose process died while it received them, and lets keys expire that were used `key_ttl` ago. Deletes what ended
    /// `retention` ago. Returns the number of uploads deleted.
    pub fn clean_up(&mut self, key_ttl: Duration, retention: Duration) -> Result<i64, DbError> {
        let work = |conn: &mut PgConnection| {
            let left: Vec<i64> = uploads::table
                .filter(uploads::ended_at.is_null())
                .filter(uploads::state.eq(UploadState::Receiving.as_str()))
                .filter(uploads::lease_until.lt(db_now()))
                .select(uploads::id)
                .for_update()
                .skip_locked()
                .load(conn)?;
            for id in left {
                super::give_up(conn, id, INCOMPLETE)?;
            }
            let expiry = now.into_sql::<Timestamptz>() - interval(key_ttl).into_sql::<Interval>();
            diesel::update(uploads::table)
                .filter(uploads::idempotency_key.is_not_null())
                .filter(uploads::ended_at.lt(expiry.nullable()))
                .set(uploads::idempotency_key.eq(None::<String>))
                .execute(conn)?;
            diesel::select(purge_uploads(interval(retention), PURGE_BATCH_SIZE)).get_result(conn)
        };
        self.0
            .transaction(work)
            .map_err(|error| DbError::of("clean_up_uploads", &error))
    }
}

/// Marks an upload as stored, in the transaction that stores its prices. `Lost`: it has another owner or is to be cancelled, so that
/// the transaction must be rolled back.
pub fn commit(
    conn: &mut PgConnection,
    owned: Owned,
    prices: i64,
    stored_as: i64,
) -> QueryResult<OwnedOutcome> {
    let committed = diesel::update(running(owned).filter(uploads::cancel_requested.eq(false)))
        .set((
            uploads::state.eq(UploadState::Committed.as_str()),
            uploads::rows_done.eq(prices),
            uploads::rows_total.eq(prices),
            uploads::stored_as.eq(stored_as),
            uploads::lease_until.eq(None::<DateTime<Utc>>),
            uploads::ended_at.eq(db_now()),
        ))
        .execute(conn)?;
    if committed == 0 {
        return Ok(OwnedOutcome::Lost);
    }
    delete_parts(conn, owned.id.get())?;
    Ok(OwnedOutcome::Written)
}

/// Reads the body of an upload, one part at a time.
pub struct PartReader<'a> {
    connection: &'a mut PgConnection,
    id: BatchId,
    last: i64,
    next: i64,
    part: Vec<u8>,
    position: usize,
}

impl<'a> PartReader<'a> {
    /// From the start of the body.
    pub fn new(connection: &'a mut HeldConnection, id: BatchId) -> Result<Self, DbError> {
        let connection: &mut PgConnection = &mut *connection;
        let last: Option<i64> = upload_parts::table
            .filter(upload_parts::upload_id.eq(id.get()))
            .select(max(upload_parts::number))
            .get_result(connection)
            .map_err(|error| DbError::of("find_upload_parts", &error))?;
        Ok(Self {
            connection,
            id,
            last: last.unwrap_or(-1),
            next: 0,
            part: Vec::new(),
            position: 0,
        })
    }
}

impl Read for PartReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.position == self.part.len() {
            if self.next > self.last {
                return Ok(0);
            }
            self.part = upload_parts::table
                .find((self.id.get(), self.next))
                .select(upload_parts::content)
                .get_result(self.connection)
                .map_err(|error| {
                    io::Error::new(ErrorKind::NotConnected, DbError::of("read_upload_part", &error))
                })?;
            self.next += 1;
            self.position = 0;
        }
        let unread = self.part.get(self.position..).unwrap_or_default();
        let length = unread.len().min(into.len());
        into[..length].copy_from_slice(&unread[..length]);
        self.position += length;
        Ok(length)
    }
}

/// The upload, if this process still runs it.
#[diesel::dsl::auto_type]
fn running(owned: Owned) -> _ {
    let id: i64 = owned.id.get();
    let attempt: i64 = owned.attempt;
    let state: &'static str = UploadState::Running.as_str();
    uploads::table
        .filter(uploads::id.eq(id))
        .filter(uploads::attempt.eq(attempt))
        .filter(uploads::state.eq(state))
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

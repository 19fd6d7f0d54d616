//! Uploads of batches, as requests see them: received in parts, queued, listed, cancelled.

/// The job queue, as the replicas that check and store see it.
pub mod queue;

use super::Db;
use super::error::DbError;
use super::interval::interval;
use super::schema::rates::{upload_parts, uploads};
use crate::types::page_row::{PageRow, json_bytes};
use crate::types::upload::{BatchFormat, BatchId, BodyCoding, IdempotencyKey, UploadState};
use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, now};
use diesel::pg::data_types::PgInterval;
use diesel::prelude::*;
use diesel::sql_types::{Interval, Timestamptz};
use serde_json::Value;
use std::time::Duration;

/// How long a job is owned by the process that runs it, from its last report. Another one takes it then.
pub const LEASE: Duration = Duration::from_secs(15);

/// The same for a body that is being received, from its last part. The slowest permitted client needs a minute for a part.
const RECEIVE_LEASE: Duration = Duration::from_secs(120);

/// An upload that begins.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// `sub` of the access token.
    pub subject: String,
    /// Chosen by the client, unique for the subject.
    pub key: IdempotencyKey,
    /// Format of the decoded body.
    pub format: BatchFormat,
    /// Content coding of the body.
    pub coding: BodyCoding,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
}

/// How many uploads may be active.
#[derive(Clone, Copy, Debug)]
pub struct ActiveLimits {
    /// Of one subject.
    pub per_subject: i64,
    /// In total.
    pub total: i64,
}

/// An upload that a process owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Id.
    pub id: BatchId,
    /// Number of the ownership: what a former owner writes is rejected.
    pub attempt: i64,
}

/// Outcome of beginning an upload.
#[derive(Clone, Debug)]
pub enum BeginOutcome {
    /// It may be received.
    Begun(Owned),
    /// Another request with the key is being received.
    InProgress,
    /// A request with the key was received before.
    Received(Box<UploadRow>),
    /// Too many uploads are active.
    TooMany,
}

/// Outcome of a write of the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnedOutcome {
    /// It was written.
    Written,
    /// The upload has another owner now, or is cancelled. Nothing was written.
    Lost,
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = uploads)]
pub struct UploadRow {
    /// Id.
    pub id: i64,
    /// `sub` of the access token that sent it.
    pub subject: String,
    /// SHA-256 of the request. `None`: not received yet.
    pub digest: Option<Vec<u8>>,
    /// A name of [`BatchFormat`].
    pub format: String,
    /// Whether nothing is stored.
    pub dry_run: bool,
    /// A name of [`UploadState`].
    pub state: String,
    /// Whether it is to be cancelled.
    pub cancel_requested: bool,
    /// Prices checked or stored so far.
    pub rows_done: i64,
    /// Number of its prices, as soon as all are checked.
    pub rows_total: Option<i64>,
    /// The batch with this content.
    pub stored_as: Option<i64>,
    /// Why nothing was stored, except for single rows.
    pub reason: Option<String>,
    /// Whether that does not lie in its content, so that the same request may be repeated.
    pub is_repeatable: bool,
    /// Number of invalid rows.
    pub error_count: i64,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it reached its final state.
    pub ended_at: Option<DateTime<Utc>>,
}

impl UploadRow {
    /// Whether the batch with its number is stored, or was until its withdrawal.
    pub fn is_stored(&self) -> bool {
        self.stored_as == Some(self.id)
    }

    /// The state.
    pub fn state(&self) -> UploadState {
        // The values are constrained.
        UploadState::parse(&self.state).unwrap_or(UploadState::Failed)
    }
}

impl PageRow for UploadRow {
    fn text_bytes(&self) -> usize {
        let reason = self.reason.as_deref().map_or(0, json_bytes);
        json_bytes(&self.subject) + reason
    }
}

/// Begins an upload, or finds the one with the same key. One that its process has left is begun again.
pub async fn begin(db: &Db, new: NewUpload, limits: ActiveLimits) -> Result<BeginOutcome, DbError> {
    db.tx("begin_upload", move |conn| {
        if let Some(outcome) = resume(conn, &new)? {
            return Ok(outcome);
        }
        let active = uploads::table.filter(uploads::ended_at.is_null());
        let total: i64 = active.select(count_star()).get_result(conn)?;
        let own = active.filter(uploads::subject.eq(&new.subject));
        let own: i64 = own.select(count_star()).get_result(conn)?;
        if own >= limits.per_subject || total >= limits.total {
            return Ok(BeginOutcome::TooMany);
        }
        let row = (
            uploads::subject.eq(&new.subject),
            uploads::idempotency_key.eq(new.key.as_str()),
            uploads::format.eq(new.format.as_str()),
            uploads::coding.eq(new.coding.as_str()),
            uploads::dry_run.eq(new.dry_run),
            uploads::lease_until.eq(lease_end(RECEIVE_LEASE).nullable()),
        );
        let inserted: Option<(i64, i64)> = diesel::insert_into(uploads::table)
            .values(row)
            .on_conflict((uploads::subject, uploads::idempotency_key))
            .do_nothing()
            .returning((uploads::id, uploads::attempt))
            .get_result(conn)
            .optional()?;
        // Without a row, another request with the key began meanwhile.
        Ok(inserted.map_or(BeginOutcome::InProgress, |(id, attempt)| {
            BeginOutcome::Begun(Owned {
                id: BatchId::of(id),
                attempt,
            })
        }))
    })
    .await
}

/// What becomes of a request whose key is in use. `None`: it is not.
fn resume(conn: &mut PgConnection, new: &NewUpload) -> QueryResult<Option<BeginOutcome>> {
    let same_key = uploads::table
        .filter(uploads::subject.eq(&new.subject))
        .filter(uploads::idempotency_key.eq(new.key.as_str()));
    let row: Option<UploadRow> = same_key
        .select(UploadRow::as_select())
        .for_update()
        .get_result(conn)
        .optional()?;
    let Some(row) = row else {
        return Ok(None);
    };
    if row.state() != UploadState::Receiving {
        return Ok(Some(BeginOutcome::Received(Box::new(row))));
    }
    let taken = uploads::table
        .find(row.id)
        .filter(uploads::lease_until.lt(db_now()));
    let attempt: Option<i64> = diesel::update(taken)
        .set((
            uploads::attempt.eq(uploads::attempt + 1),
            uploads::lease_until.eq(lease_end(RECEIVE_LEASE).nullable()),
            uploads::format.eq(new.format.as_str()),
            uploads::coding.eq(new.coding.as_str()),
            uploads::dry_run.eq(new.dry_run),
        ))
        .returning(uploads::attempt)
        .get_result(conn)
        .optional()?;
    let Some(attempt) = attempt else {
        return Ok(Some(BeginOutcome::InProgress));
    };
    delete_parts(conn, row.id)?;
    Ok(Some(BeginOutcome::Begun(Owned {
        id: BatchId::of(row.id),
        attempt,
    })))
}

/// Stores the next part of a body.
pub async fn append(db: &Db, owned: Owned, number: i64, content: Vec<u8>) -> Result<OwnedOutcome, DbError> {
    db.tx("append_upload_part", move |conn| {
        let renewed = diesel::update(receiving(owned))
            .set(uploads::lease_until.eq(lease_end(RECEIVE_LEASE).nullable()))
            .execute(conn)?;
        if renewed == 0 {
            return Ok(OwnedOutcome::Lost);
        }
        diesel::insert_into(upload_parts::table)
            .values((
                upload_parts::upload_id.eq(owned.id.get()),
                upload_parts::number.eq(number),
                upload_parts::content.eq(content),
            ))
            .execute(conn)?;
        Ok(OwnedOutcome::Written)
    })
    .await
}

/// Queues an upload whose body is complete. `None`: it has another owner now.
pub async fn enqueue(db: &Db, owned: Owned, digest: [u8; 32]) -> Result<Option<UploadRow>, DbError> {
    db.tx("enqueue_upload", move |conn| {
        diesel::update(receiving(owned))
            .set((
                uploads::state.eq(UploadState::Queued.as_str()),
                uploads::digest.eq(&digest[..]),
                uploads::queued_at.eq(db_now()),
                uploads::lease_until.eq(None::<DateTime<Utc>>),
            ))
            .returning(UploadRow::as_returning())
            .get_result(conn)
            .optional()
    })
    .await
}

/// Ends an upload whose body was not received. Its key can be used again.
pub async fn abandon(db: &Db, owned: Owned) -> Result<(), DbError> {
    db.tx("abandon_upload", move |conn| {
        let is_owned: Option<i64> = receiving(owned)
            .select(uploads::id)
            .for_update()
            .get_result(conn)
            .optional()?;
        match is_owned {
            Some(id) => give_up(conn, id, INCOMPLETE),
            None => Ok(()),
        }
    })
    .await
}

/// Why an upload failed whose body was not received.
const INCOMPLETE: &str = "the request body was not received completely";

/// An upload.
pub async fn find(db: &Db, id: BatchId) -> Result<Option<UploadRow>, DbError> {
    db.run("find_upload", move |conn| {
        uploads::table
            .find(id.get())
            .select(UploadRow::as_select())
            .get_result(conn)
            .optional()
    })
    .await
}

/// The first invalid rows of an upload: `[{"line": 7, "field": "price", "reason": "…"}]`. Apart from [`find`], because they may have
/// hundreds of kilobytes.
pub async fn find_errors(db: &Db, id: BatchId) -> Result<Option<Value>, DbError> {
    db.run("find_upload_errors", move |conn| {
        let row = uploads::table.find(id.get()).select(uploads::errors);
        row.get_result(conn).optional()
    })
    .await
}

/// Uploads, newest first, with ids below `before`.
pub async fn list(db: &Db, before: Option<BatchId>, limit: i64) -> Result<Vec<UploadRow>, DbError> {
    db.run("list_uploads", move |conn| {
        let mut query = uploads::table
            .order(uploads::id.desc())
            .limit(limit)
            .select(UploadRow::as_select())
            .into_boxed();
        if let Some(before) = before {
            query = query.filter(uploads::id.lt(before.get()));
        }
        query.load(conn)
    })
    .await
}

/// Cancels an upload that is not in its final state: at once unless a replica is checking or storing it, which then stops unless it
/// has committed. Returns the upload as it is then.
pub async fn cancel(db: &Db, id: BatchId) -> Result<Option<UploadRow>, DbError> {
    db.tx("cancel_upload", move |conn| {
        let row: Option<UploadRow> = uploads::table
            .find(id.get())
            .select(UploadRow::as_select())
            .for_update()
            .get_result(conn)
            .optional()?;
        let Some(row) = row else {
            return Ok(None);
        };
        let target = uploads::table.find(row.id);
        let changed = match row.state() {
            UploadState::Receiving | UploadState::Queued => {
                delete_parts(conn, row.id)?;
                // Without its whole body, a repetition could not be recognized.
                let free_key = row
                    .digest
                    .is_none()
                    .then(|| uploads::idempotency_key.eq(None::<String>));
                diesel::update(target)
                    .set((
                        uploads::state.eq(UploadState::Cancelled.as_str()),
                        free_key,
                        uploads::lease_until.eq(None::<DateTime<Utc>>),
                        uploads::ended_at.eq(db_now()),
                    ))
                    .returning(UploadRow::as_returning())
                    .get_result(conn)?
            }
            UploadState::Running => diesel::update(target)
                .set(uploads::cancel_requested.eq(true))
                .returning(UploadRow::as_returning())
                .get_result(conn)?,
            UploadState::Committed | UploadState::Checked | UploadState::Failed | UploadState::Cancelled => {
                row
            }
        };
        Ok(Some(changed))
    })
    .await
}

/// The time of the database, the clock of all times of an upload.
#[diesel::dsl::auto_type]
fn db_now() -> _ {
    now.into_sql::<Timestamptz>().nullable()
}

/// The end of a lease that begins now.
#[diesel::dsl::auto_type]
fn lease_end(length: Duration) -> _ {
    let lease: PgInterval = interval(length);
    now.into_sql::<Timestamptz>() + lease.into_sql::<Interval>()
}

/// The upload, if this process still receives it.
#[diesel::dsl::auto_type]
fn receiving(owned: Owned) -> _ {
    let id: i64 = owned.id.get();
    let attempt: i64 = owned.attempt;
    let state: &'static str = UploadState::Receiving.as_str();
    uploads::table
        .filter(uploads::id.eq(id))
        .filter(uploads::attempt.eq(attempt))
        .filter(uploads::state.eq(state))
}

fn delete_parts(conn: &mut PgConnection, id: i64) -> QueryResult<()> {
    diesel::delete(upload_parts::table.filter(upload_parts::upload_id.eq(id)))
        .execute(conn)
        .map(drop)
}

/// Ends an upload that was not received. Its key can be used again.
fn give_up(conn: &mut PgConnection, id: i64, reason: &str) -> QueryResult<()> {
    delete_parts(conn, id)?;
    diesel::update(uploads::table.find(id))
        .set((
            uploads::state.eq(UploadState::Failed.as_str()),
            uploads::idempotency_key.eq(None::<String>),
            uploads::lease_until.eq(None::<DateTime<Utc>>),
            uploads::reason.eq(reason),
            uploads::ended_at.eq(db_now()),
        ))
        .execute(conn)
        .map(drop)
}

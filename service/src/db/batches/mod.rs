//! Stores batches of prices: each batch in one transaction, by COPY.

/// The batches that were stored.
pub mod catalog;

/// Withdraws a stored batch.
pub mod withdrawal;

use super::Db;
use super::conninfo::Purpose;
use super::error::DbError;
use super::pool::{ConnectError, Manager};
use super::schema::rates::{batches, ports, prices, regions};
use super::uploads::queue::commit;
use super::uploads::{Owned, OwnedOutcome};
use crate::config::database::DatabaseSettings;
use crate::types::search_key::stored_key;
use chrono::{DateTime, Utc};
use diesel::dsl::max;
use diesel::pg::{CopyFormat, PgConnection};
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, Binary, Nullable};
use diesel::upsert::excluded;
use std::borrow::BorrowMut;
use std::cell::Cell;
use std::collections::HashSet;
use std::io::Write;
use std::time::{Duration, Instant};

/// Connection of the ingest login.
pub struct Ingest<C = PgConnection> {
    connection: C,
    lock_wait: Option<Duration>,
}

/// A port or a region to be created or updated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlace {
    /// Code or slug.
    pub key: String,
    /// Name.
    pub name: String,
    /// Slug of the parent region.
    pub parent_slug: Option<String>,
}

/// A batch without its prices.
pub struct NewBatch<'a> {
    /// What identifies its content.
    pub identity: [u8; 32],
    /// SHA-256 of its file, which identifies the batches that earlier versions stored.
    pub file_digest: [u8; 32],
    /// Number of prices.
    pub price_count: i64,
    /// Regions to be created or updated.
    pub regions: &'a [NewPlace],
    /// Ports to be created or updated.
    pub ports: &'a [NewPlace],
    /// The upload that it comes from, whose number it has, and which ends with it.
    pub upload: Option<Owned>,
}

/// Outcome of storing a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreOutcome {
    /// The batch was stored.
    Stored,
    /// A batch with the same content was stored before. Nothing was changed.
    AlreadyStored,
}

/// The batch that has the content, with how it came to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// Its number.
    pub id: i64,
    /// Whether it was stored now or before.
    pub outcome: StoreOutcome,
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database operation failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Another import is running.
    #[error(
        "another import is running, or another session locks the sums of prices; import the file again later"
    )]
    Busy,
    /// The upload has another owner, or is to be cancelled.
    #[error("the upload was taken over or cancelled")]
    Superseded,
    /// The source of the prices failed.
    #[error(transparent)]
    Source(#[from] std::io::Error),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::Db(DbError::of("store_batch", &error))
    }
}

impl Ingest {
    /// Connects as the ingest login.
    pub fn connect(database: &DatabaseSettings) -> Result<Self, ConnectError> {
        let login = &database.ingest;
        Ok(Self::over(Manager::open(
            database,
            &database.name,
            login,
            Purpose::Ingest,
        )?))
    }
}

impl<C: BorrowMut<PgConnection>> Ingest<C> {
    /// Over a connection of the ingest login.
    pub fn over(connection: C) -> Self {
        Self {
            connection,
            lock_wait: None,
        }
    }

    /// How long the last batch waited for other imports and withdrawals; `None`: there was none.
    pub fn lock_wait(&self) -> Option<Duration> {
        self.lock_wait
    }

    /// The codes of all ports.
    pub fn list_port_codes(&mut self) -> Result<HashSet<String>, DbError> {
        let codes = ports::table
            .select(ports::code)
            .load::<String>(self.connection.borrow_mut());
        codes
            .map(HashSet::from_iter)
            .map_err(|error| DbError::of("list_port_codes", &error))
    }

    /// The slugs of all regions.
    pub fn list_region_slugs(&mut self) -> Result<HashSet<String>, DbError> {
        let slugs = regions::table
            .select(regions::slug)
            .load::<String>(self.connection.borrow_mut());
        slugs
            .map(HashSet::from_iter)
            .map_err(|error| DbError::of("list_region_slugs", &error))
    }

    /// Stores a batch in one transaction; `write_prices` writes its prices in COPY's text format, separated by tabs:
    /// `orig_code`, `dest_code`, `day`, `price` and the number of the batch, which is its first argument.
    pub fn store(
        &mut self,
        batch: &NewBatch<'_>,
        write_prices: impl FnOnce(i64, &mut dyn Write) -> std::io::Result<()>,
    ) -> Result<StoredBatch, StoreError> {
        // diesel requires an FnMut, but calls it once.
        let write_prices = Cell::new(Some(write_prices));
        let source_error = Cell::new(None);
        let (is_locked, is_superseded) = (Cell::new(false), Cell::new(false));
        let lock_wait = Cell::new(None);
        let store = |conn: &mut PgConnection| -> QueryResult<StoredBatch> {
            let started = Instant::now();
            let locked = lock_sums(conn);
            lock_wait.set(Some(started.elapsed()));
            locked?;
            is_locked.set(true);
            if let Some(id) = find_id(conn, &batch.file_digest)? {
                return Ok(already_stored(id));
            }
            let Some(id) = insert(conn, batch)? else {
                let id = find_id(conn, &batch.identity)?.ok_or(Error::NotFound)?;
                return Ok(already_stored(id));
            };
            upsert_regions(conn, batch.regions)?;
            upsert_ports(conn, batch.ports)?;
            let copy = |out: &mut dyn Write| {
                let written = write_prices.take().map_or(Ok(()), |write| write(id, out));
                written.map_err(|error| {
                    source_error.set(Some(error));
                    Error::RollbackTransaction
                })
            };
            diesel::copy_from(prices::table)
                .from_raw_data(prices::table, copy)
                .with_format(CopyFormat::Text)
                .execute(conn)?;
            Ok(StoredBatch {
                id,
                outcome: StoreOutcome::Stored,
            })
        };
        let result = self
            .connection
            .borrow_mut()
            .transaction(|conn: &mut PgConnection| {
                let stored = store(conn)?;
                if let Some(owned) = batch.upload
                    && commit(conn, owned, batch.price_count, stored.id)? == OwnedOutcome::Lost
                {
                    is_superseded.set(true);
                    return Err(Error::RollbackTransaction);
                }
                Ok(stored)
            });
        self.lock_wait = lock_wait.get();
        match (source_error.take(), result) {
            (Some(error), result) => Err(copy_error(error, result.as_ref().err())),
            _ if is_superseded.get() => Err(StoreError::Superseded),
            (None, result) => result.map_err(|error: Error| match StoreError::from(error) {
                StoreError::Db(DbError::Timeout) if !is_locked.get() => StoreError::Busy,
                other => other,
            }),
        }
    }
}

/// Why a COPY ended before all prices were written: the source failed, or the server rejected what was written. libpq reports a rejection
/// when more is written, and diesel returns what it reports then; only the end of the transaction shows whether the connection is lost.
fn copy_error(written: std::io::Error, ended: Option<&Error>) -> StoreError {
    let of_server = written.get_ref().and_then(|error| error.downcast_ref::<Error>());
    let Some(error) = of_server else {
        return StoreError::Source(written);
    };
    let error = ended.filter(|ended| DbError::is_outage(ended)).unwrap_or(error);
    DbError::of("copy_prices", error).into()
}

/// Adds the batch, under the number of its upload if it has one. `None`: one with the same content exists.
fn insert(conn: &mut PgConnection, batch: &NewBatch<'_>) -> QueryResult<Option<i64>> {
    // diesel cannot write a column that is always generated.
    let inserted: Option<InsertedRow> = diesel::sql_query(
        "INSERT INTO rates.batches (id, digest, price_count) OVERRIDING SYSTEM VALUE \
         VALUES (coalesce($1, nextval('rates.batches_id_seq')), $2, $3) ON CONFLICT (digest) DO NOTHING RETURNING id",
    )
    .bind::<Nullable<BigInt>, _>(batch.upload.map(|owned| owned.id.get()))
    .bind::<Binary, _>(&batch.identity[..])
    .bind::<BigInt, _>(batch.price_count)
    .get_result(conn)
    .optional()?;
    Ok(inserted.map(|row| row.id))
}

#[derive(QueryableByName)]
struct InsertedRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// When the newest batch was stored that is not withdrawn.
pub async fn find_newest_time(db: &Db) -> Result<Option<DateTime<Utc>>, DbError> {
    db.run("find_newest_time", |conn| {
        let in_force = batches::table.filter(batches::withdrawn_at.is_null());
        in_force.select(max(batches::created_at)).first(conn)
    })
    .await
}

/// Waits for imports and withdrawals, before the first row is locked: two of them would otherwise lock the same rows in
/// different orders.
fn lock_sums(conn: &mut PgConnection) -> QueryResult<()> {
    diesel::sql_query("SELECT rates.lock_sums()")
        .execute(conn)
        .map(drop)
}

/// The batch with this digest, which no withdrawn batch has.
fn find_id(conn: &mut PgConnection, digest: &[u8; 32]) -> QueryResult<Option<i64>> {
    let with_digest = batches::table.filter(batches::digest.eq(&digest[..]));
    with_digest.select(batches::id).first(conn).optional()
}

fn already_stored(id: i64) -> StoredBatch {
    let outcome = StoreOutcome::AlreadyStored;
    StoredBatch { id, outcome }
}

fn upsert_regions(conn: &mut PgConnection, places: &[NewPlace]) -> QueryResult<()> {
    for part in places.chunks(5_000) {
        let rows: Vec<_> = part
            .iter()
            .map(|p| {
                (
                    regions::slug.eq(&p.key),
                    regions::name.eq(&p.name),
                    regions::parent_slug.eq(&p.parent_slug),
                )
            })
            .collect();
        diesel::insert_into(regions::table)
            .values(rows)
            .on_conflict(regions::slug)
            .do_update()
            .set((
                regions::name.eq(excluded(regions::name)),
                regions::parent_slug.eq(excluded(regions::parent_slug)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

fn upsert_ports(conn: &mut PgConnection, places: &[NewPlace]) -> QueryResult<()> {
    for part in places.chunks(5_000) {
        let rows: Vec<_> = part
            .iter()
            .map(|p| {
                let parent = p.parent_slug.as_deref().unwrap_or_default();
                (
                    ports::code.eq(&p.key),
                    ports::name.eq(&p.name),
                    ports::parent_slug.eq(parent),
                    ports::search_key.eq(stored_key(&[&p.key, &p.name])),
                )
            })
            .collect();
        diesel::insert_into(ports::table)
            .values(rows)
            .on_conflict(ports::code)
            .do_update()
            .set((
                ports::name.eq(excluded(ports::name)),
                ports::parent_slug.eq(excluded(ports::parent_slug)),
                ports::search_key.eq(excluded(ports::search_key)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

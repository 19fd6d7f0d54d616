//! Wishes. Every transaction sets its account for row-level security, and every query filters by that account
//! as well, so that either protection suffices.

use super::Db;
use super::error::DbError;
use super::schema::wishes::{account_locks, wishes};
use crate::types::account::AccountId;
use crate::types::page_row::{MAX_PAGE_BYTES, PageRow, json_bytes};
use crate::types::version_precondition::VersionPrecondition;
use crate::types::wish::WishId;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

diesel::define_sql_function! {
    /// With `is_local` the setting ends with the transaction.
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}

/// Rows of a page that one statement reads.
const ROWS_PER_STATEMENT: usize = 100;

/// A wish, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = wishes)]
pub struct WishRow {
    /// Id.
    pub id: i64,
    /// Title.
    pub title: String,
    /// Note; may be empty.
    pub note: String,
    /// When it was marked as done.
    pub done_at: Option<DateTime<Utc>>,
    /// Incremented by every change.
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

impl PageRow for WishRow {
    fn text_bytes(&self) -> usize {
        json_bytes(&self.title) + json_bytes(&self.note)
    }
}

/// New values of a wish. `None`: unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WishChange {
    /// Title.
    pub title: Option<String>,
    /// Note.
    pub note: Option<String>,
    /// Whether it is done.
    pub done: Option<bool>,
}

#[derive(AsChangeset)]
#[diesel(table_name = wishes)]
struct Set {
    title: Option<String>,
    note: Option<String>,
    done_at: Option<Option<DateTime<Utc>>>,
    version: i64,
}

/// Outcome of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// The wish was changed, or deleted: its new row, or its last one.
    Changed(WishRow),
    /// The precondition failed. Nothing was changed.
    VersionMismatch,
    /// The account has no such wish.
    NotFound,
}

/// Wishes of an account, newest first, starting behind `after`. `done` filters by state. Ends early behind the row that exceeds
/// the size of a page: a thousand long notes are megabytes.
pub async fn list(
    db: &Db,
    account: AccountId,
    done: Option<bool>,
    after: Option<WishId>,
    limit: usize,
) -> Result<Vec<WishRow>, DbError> {
    read(db, "list_wishes", account, move |conn| {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        let mut after = after.map(WishId::get);
        loop {
            let count = (limit - rows.len()).min(ROWS_PER_STATEMENT);
            let next = list_some(conn, account, done, after, count)?;
            let is_last = next.len() < count;
            after = next.last().map(|wish| wish.id);
            bytes += next.iter().map(PageRow::page_bytes).sum::<usize>();
            rows.extend(next);
            if is_last || rows.len() >= limit || bytes > MAX_PAGE_BYTES {
                return Ok(rows);
            }
        }
    })
    .await
}

fn list_some(
    conn: &mut PgConnection,
    account: AccountId,
    done: Option<bool>,
    after: Option<i64>,
    count: usize,
) -> QueryResult<Vec<WishRow>> {
    let mut query = wishes::table
        .filter(wishes::account_id.eq(account.get()))
        .order(wishes::id.desc())
        .limit(i64::try_from(count).unwrap_or(i64::MAX))
        .select(WishRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(wishes::id.lt(after));
    }
    query = match done {
        Some(true) => query.filter(wishes::done_at.is_not_null()),
        Some(false) => query.filter(wishes::done_at.is_null()),
        None => query,
    };
    query.load(conn)
}

/// A wish of an account.
pub async fn find(db: &Db, account: AccountId, id: WishId) -> Result<Option<WishRow>, DbError> {
    read(db, "find_wish", account, move |conn| {
        wishes::table
            .filter(wishes::id.eq(id.get()).and(wishes::account_id.eq(account.get())))
            .select(WishRow::as_select())
            .first(conn)
            .optional()
    })
    .await
}

/// Creates a wish. `None`: the account already has `max` wishes.
pub async fn insert(
    db: &Db,
    account: AccountId,
    title: String,
    note: String,
    max: i64,
) -> Result<Option<WishRow>, DbError> {
    change(db, "insert_wish", account, move |conn| {
        lock_account(conn, account)?;
        let count: i64 = wishes::table
            .filter(wishes::account_id.eq(account.get()))
            .count()
            .get_result(conn)?;
        if count >= max {
            return Ok(None);
        }
        diesel::insert_into(wishes::table)
            .values((
                wishes::account_id.eq(account.get()),
                wishes::title.eq(title),
                wishes::note.eq(note),
            ))
            .returning(WishRow::as_returning())
            .get_result(conn)
            .map(Some)
    })
    .await
}

/// Changes a wish if its version meets the precondition. Keeps `done_at` of a wish that is already done.
pub async fn update(
    db: &Db,
    account: AccountId,
    id: WishId,
    expected: VersionPrecondition,
    wanted: WishChange,
    at: DateTime<Utc>,
) -> Result<ChangeOutcome, DbError> {
    change(db, "update_wish", account, move |conn| {
        let own = wishes::id.eq(id.get()).and(wishes::account_id.eq(account.get()));
        let locked = wishes::table
            .filter(own)
            .select((wishes::version, wishes::done_at))
            .for_update()
            .first::<(i64, Option<DateTime<Utc>>)>(conn)
            .optional()?;
        let Some((version, done_at)) = locked else {
            return Ok(ChangeOutcome::NotFound);
        };
        if !expected.matches(version) {
            return Ok(ChangeOutcome::VersionMismatch);
        }
        let set = Set {
            title: wanted.title,
            note: wanted.note,
            done_at: wanted.done.map(|done| done.then(|| done_at.unwrap_or(at))),
            version: version + 1,
        };
        diesel::update(wishes::table.filter(own))
            .set((set, wishes::updated_at.eq(now)))
            .returning(WishRow::as_returning())
            .get_result(conn)
            .map(ChangeOutcome::Changed)
    })
    .await
}

/// Deletes a wish if its version meets the precondition.
pub async fn delete(
    db: &Db,
    account: AccountId,
    id: WishId,
    expected: VersionPrecondition,
) -> Result<ChangeOutcome, DbError> {
    change(db, "delete_wish", account, move |conn| {
        let own = wishes::id.eq(id.get()).and(wishes::account_id.eq(account.get()));
        let locked = wishes::table
            .filter(own)
            .select(WishRow::as_select())
            .for_update();
        let Some(row) = locked.first(conn).optional()? else {
            return Ok(ChangeOutcome::NotFound);
        };
        if !expected.matches(row.version) {
            return Ok(ChangeOutcome::VersionMismatch);
        }
        diesel::delete(wishes::table.filter(own)).execute(conn)?;
        Ok(ChangeOutcome::Changed(row))
    })
    .await
}

/// Reads on behalf of an account.
async fn read<T: Send + 'static>(
    db: &Db,
    what: &'static str,
    account: AccountId,
    mut work: impl FnMut(&mut PgConnection) -> QueryResult<T> + Send + 'static,
) -> Result<T, DbError> {
    db.run(what, move |conn| {
        conn.transaction(|conn| {
            set_account(conn, account)?;
            work(conn)
        })
    })
    .await
}

/// Makes a change on behalf of an account.
async fn change<T: Send + 'static>(
    db: &Db,
    what: &'static str,
    account: AccountId,
    work: impl FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
) -> Result<T, DbError> {
    db.tx(what, move |conn| {
        set_account(conn, account)?;
        work(conn)
    })
    .await
}

fn set_account(conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
    diesel::select(set_config("portcullis.account_id", account.to_string(), true))
        .execute(conn)
        .map(drop)
}

/// Serializes the creation of wishes per account, so that their number stays valid.
fn lock_account(conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
    diesel::insert_into(account_locks::table)
        .values(account_locks::account_id.eq(account.get()))
        .on_conflict_do_nothing()
        .execute(conn)?;
    account_locks::table
        .find(account.get())
        .select(account_locks::account_id)
        .for_update()
        .first::<i64>(conn)
        .map(drop)
}

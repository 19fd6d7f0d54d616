//! Wishes. Each transaction first tells the row-level security whose wishes it may see; the queries filter by the account
//! as well, so that either fence holds alone.
use super::Db;
use super::error::DbError;
use super::schema::wishes::wishes;
use crate::types::account::AccountId;
use crate::types::version_precondition::VersionPrecondition;
use crate::types::wish::WishId;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text};

diesel::define_sql_function! {
    /// With `is_local` the setting ends with its transaction: the next one on this connection begins without it.
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}

diesel::define_sql_function! {
    /// Waits for a lock that ends with its transaction. Answers nothing.
    #[sql_name = "pg_advisory_xact_lock"]
    fn lock_until_end(class: Integer, key: Integer) -> Bool;
}

diesel::define_sql_function! {
    /// Folds a number into one that a lock takes.
    fn hashint8(number: BigInt) -> Integer;
}

/// The locks of this file among all advisory locks: "wish".
const LOCK_CLASS: i32 = 0x7769_7368;

/// A wish, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = wishes)]
pub struct WishRow {
    /// Number.
    pub id: i64,
    /// What is wished for.
    pub title: String,
    /// More about it; may be empty.
    pub note: String,
    /// When it came true.
    pub done_at: Option<DateTime<Utc>>,
    /// Rises with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a wish is to be. `None`: as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WishChange {
    /// What is wished for.
    pub title: Option<String>,
    /// More about it.
    pub note: Option<String>,
    /// Whether it has come true.
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

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It was made; the wish as it is now.
    Made(WishRow),
    /// There is another version than the one expected: nothing was changed.
    Stale,
    /// The account has no such wish.
    Missing,
}

/// An account's wishes behind a number, newest first, at most `limit`; those done, those open, or both.
pub async fn list(
    db: &Db,
    account: AccountId,
    done: Option<bool>,
    after: Option<WishId>,
    limit: i64,
) -> Result<Vec<WishRow>, DbError> {
    read(db, "list_wishes", account, move |conn| {
        let mut query = wishes::table
            .filter(wishes::account_id.eq(account.get()))
            .order(wishes::id.desc())
            .limit(limit)
            .select(WishRow::as_select())
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(wishes::id.lt(after.get()));
        }
        query = match done {
            Some(true) => query.filter(wishes::done_at.is_not_null()),
            Some(false) => query.filter(wishes::done_at.is_null()),
            None => query,
        };
        query.load(conn)
    })
    .await
}

/// An account's wish.
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

/// Adds a wish, unless the account has `most` already: then `None`.
pub async fn insert(
    db: &Db,
    account: AccountId,
    title: String,
    note: String,
    most: i64,
) -> Result<Option<WishRow>, DbError> {
    change(db, "insert_wish", account, move |conn| {
        // Whoever counts must be alone with the account's wishes until theirs is in.
        diesel::select(lock_until_end(LOCK_CLASS, hashint8(account.get()))).execute(conn)?;
        let count: i64 = wishes::table
            .filter(wishes::account_id.eq(account.get()))
            .count()
            .get_result(conn)?;
        if count >= most {
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

/// Changes the expected version of an account's wish. One that is done already keeps the time at which it came true.
pub async fn update(
    db: &Db,
    account: AccountId,
    id: WishId,
    expected: VersionPrecondition,
    wanted: WishChange,
    at: DateTime<Utc>,
) -> Result<Changed, DbError> {
    change(db, "update_wish", account, move |conn| {
        let own = wishes::id.eq(id.get()).and(wishes::account_id.eq(account.get()));
        let held = wishes::table
            .filter(own)
            .select((wishes::version, wishes::done_at))
            .for_update()
            .first::<(i64, Option<DateTime<Utc>>)>(conn)
            .optional()?;
        let Some((version, done_at)) = held else {
            return Ok(Changed::Missing);
        };
        if !expected.matches(version) {
            return Ok(Changed::Stale);
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
            .map(Changed::Made)
    })
    .await
}

/// Deletes the expected version of an account's wish; the wish as it was.
pub async fn delete(
    db: &Db,
    account: AccountId,
    id: WishId,
    expected: VersionPrecondition,
) -> Result<Changed, DbError> {
    change(db, "delete_wish", account, move |conn| {
        let own = wishes::id.eq(id.get()).and(wishes::account_id.eq(account.get()));
        let held = wishes::table
            .filter(own)
            .select(WishRow::as_select())
            .for_update();
        let Some(row) = held.first(conn).optional()? else {
            return Ok(Changed::Missing);
        };
        if !expected.matches(row.version) {
            return Ok(Changed::Stale);
        }
        diesel::delete(wishes::table.filter(own)).execute(conn)?;
        Ok(Changed::Made(row))
    })
    .await
}

/// Reading on behalf of an account.
async fn read<T: Send + 'static>(
    db: &Db,
    what: &'static str,
    account: AccountId,
    mut work: impl FnMut(&mut PgConnection) -> QueryResult<T> + Send + 'static,
) -> Result<T, DbError> {
    db.run(what, move |conn| {
        conn.transaction(|conn| {
            act_for(conn, account)?;
            work(conn)
        })
    })
    .await
}

/// A change on behalf of an account.
async fn change<T: Send + 'static>(
    db: &Db,
    what: &'static str,
    account: AccountId,
    work: impl FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
) -> Result<T, DbError> {
    db.tx(what, move |conn| {
        act_for(conn, account)?;
        work(conn)
    })
    .await
}

fn act_for(conn: &mut PgConnection, account: AccountId) -> QueryResult<()> {
    diesel::select(set_config("portcullis.account_id", account.to_string(), true))
        .execute(conn)
        .map(drop)
}

//! Requests for access. Every change of state names the former one in its WHERE clause.

use crate::db::interval::interval;
use crate::db::schema::access::requests;
use crate::db::schema::accounts::accounts;
use crate::db::{Db, DbError};
use crate::types::access::{AccessHours, AccessLevel, AccessReason, AccessRequestId, AccessState};
use crate::types::access_end::AccessEnd;
use crate::types::account::AccountId;
use crate::types::page_row::{PageRow, json_bytes};
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Interval, Timestamptz};
use std::time::Duration;

/// The period of the limit on requests.
const DAY: Duration = Duration::from_secs(86_400);

/// A request, with address and name of its requester.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct RequestRow {
    /// Id.
    pub id: i64,
    /// Account that requests.
    pub requester_id: i64,
    /// A level of `types::access`.
    pub level: String,
    /// Why.
    pub reason: String,
    /// The requested period.
    pub hours: i32,
    /// A state of `types::access`.
    pub state: String,
    /// Time of the request.
    pub requested_at: DateTime<Utc>,
    /// When it was approved or denied.
    pub decided_at: Option<DateTime<Utc>>,
    /// Account that decided.
    pub decided_by: Option<i64>,
    /// Why.
    pub decision_reason: Option<String>,
    /// End of the approved period.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was withdrawn, revoked or expired.
    pub ended_at: Option<DateTime<Utc>>,
    /// A reason of `types::access_end`.
    pub end_reason: Option<String>,
    /// Account that ended it. `None`: the service.
    pub ended_by: Option<i64>,
    /// Address of the requester. `None`: the account was purged.
    pub email: Option<String>,
    /// Name of the requester.
    pub name: Option<String>,
    /// When the requester's account was deleted.
    pub requester_deleted_at: Option<DateTime<Utc>>,
}

impl RequestRow {
    /// Its id.
    pub fn id(&self) -> AccessRequestId {
        AccessRequestId::of(self.id)
    }

    /// The account that requests.
    pub fn requester(&self) -> AccountId {
        AccountId::of(self.requester_id)
    }

    /// Whether the requester's account was deleted.
    pub fn is_requester_deleted(&self) -> bool {
        self.email.is_none() || self.requester_deleted_at.is_some()
    }
}

impl PageRow for RequestRow {
    fn text_bytes(&self) -> usize {
        let optional = [&self.decision_reason, &self.email, &self.name];
        let texts = optional.into_iter().flatten().chain([&self.reason, &self.level]);
        // Its numbers and times, beyond those that every row has.
        texts.map(|text| json_bytes(text)).sum::<usize>() + 200
    }
}

macro_rules! columns {
    () => {
        (
            requests::id,
            requests::requester_id,
            requests::level,
            requests::reason,
            requests::hours,
            requests::state,
            requests::requested_at,
            requests::decided_at,
            requests::decided_by,
            requests::decision_reason,
            requests::expires_at,
            requests::ended_at,
            requests::end_reason,
            requests::ended_by,
            accounts::email.nullable(),
            accounts::name.nullable(),
            accounts::deleted_at.nullable(),
        )
    };
}

/// Which requests to list. `None`: any.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestFilter {
    /// Account that requests.
    pub requester: Option<AccountId>,
    /// State.
    pub state: Option<AccessState>,
}

/// Requests with ids below `before`, newest first.
pub async fn list(
    db: &Db,
    filter: RequestFilter,
    before: Option<AccessRequestId>,
    limit: i64,
) -> Result<Vec<RequestRow>, DbError> {
    db.run("list_access_requests", move |conn| {
        let mut query = requests::table
            .left_join(accounts::table.on(accounts::id.eq(requests::requester_id)))
            .order(requests::id.desc())
            .limit(limit)
            .select(columns!())
            .into_boxed();
        if let Some(before) = before {
            query = query.filter(requests::id.lt(before.get()));
        }
        if let Some(requester) = filter.requester {
            query = query.filter(requests::requester_id.eq(requester.get()));
        }
        if let Some(state) = filter.state {
            query = query.filter(requests::state.eq(state.as_str()));
        }
        query.load(conn)
    })
    .await
}

/// A request.
pub fn find(conn: &mut PgConnection, id: AccessRequestId) -> QueryResult<Option<RequestRow>> {
    requests::table
        .left_join(accounts::table.on(accounts::id.eq(requests::requester_id)))
        .filter(requests::id.eq(id.get()))
        .select(columns!())
        .first(conn)
        .optional()
}

/// A request. Locks it until the end of the transaction.
pub fn lock(conn: &mut PgConnection, id: AccessRequestId) -> QueryResult<Option<RequestRow>> {
    let locked: Option<i64> = requests::table
        .find(id.get())
        .select(requests::id)
        .for_update()
        .first(conn)
        .optional()?;
    // Not in one statement: the row that an outer join may lack cannot be locked.
    match locked {
        Some(_) => find(conn, id),
        None => Ok(None),
    }
}

/// The number of an account's requests that wait for a decision, and of those that it made within a day.
pub fn count_recent(conn: &mut PgConnection, requester: AccountId) -> QueryResult<(i64, i64)> {
    let own = requests::table.filter(requests::requester_id.eq(requester.get()));
    let undecided = own
        .filter(requests::state.eq(AccessState::Requested.as_str()))
        .count()
        .get_result(conn)?;
    let since = now.into_sql::<Timestamptz>() - interval(DAY).into_sql::<Interval>();
    let daily = own
        .filter(requests::requested_at.gt(since))
        .count()
        .get_result(conn)?;
    Ok((undecided, daily))
}

/// Creates a request. Returns its id.
pub fn insert(
    conn: &mut PgConnection,
    requester: AccountId,
    level: AccessLevel,
    reason: &AccessReason,
    hours: AccessHours,
) -> QueryResult<AccessRequestId> {
    let id = diesel::insert_into(requests::table)
        .values((
            requests::requester_id.eq(requester.get()),
            requests::level.eq(level.as_str()),
            requests::reason.eq(reason.as_str()),
            requests::hours.eq(hours.get()),
        ))
        .returning(requests::id)
        .get_result(conn)?;
    Ok(AccessRequestId::of(id))
}

/// Approves a locked request for its period, or denies it.
pub fn decide(
    conn: &mut PgConnection,
    row: &RequestRow,
    from: AccessState,
    to: AccessState,
    by: AccountId,
    reason: &AccessReason,
) -> QueryResult<()> {
    let period = interval(Duration::from_secs(3600) * row.hours.unsigned_abs());
    let expires_at =
        (to == AccessState::Approved).then(|| now.into_sql::<Timestamptz>() + period.into_sql::<Interval>());
    let request = requests::table
        .find(row.id)
        .filter(requests::state.eq(from.as_str()));
    let decision = (
        requests::state.eq(to.as_str()),
        requests::decided_at.eq(now),
        requests::decided_by.eq(by.get()),
        requests::decision_reason.eq(reason.as_str()),
    );
    let update = diesel::update(request);
    match expires_at {
        Some(end) => update
            .set((decision, requests::expires_at.eq(end.nullable())))
            .execute(conn),
        None => update.set(decision).execute(conn),
    }
    .map(drop)
}

/// Withdraws a locked request.
pub fn withdraw(
    conn: &mut PgConnection,
    id: AccessRequestId,
    from: AccessState,
    by: AccountId,
) -> QueryResult<()> {
    let request = requests::table
        .find(id.get())
        .filter(requests::state.eq(from.as_str()));
    diesel::update(request)
        .set((
            requests::state.eq(AccessState::Withdrawn.as_str()),
            requests::ended_at.eq(now),
            requests::ended_by.eq(by.get()),
        ))
        .execute(conn)
        .map(drop)
}

/// Ends locked, approved access.
pub fn end(
    conn: &mut PgConnection,
    id: AccessRequestId,
    from: AccessState,
    reason: AccessEnd,
    by: Option<AccountId>,
) -> QueryResult<()> {
    let request = requests::table
        .find(id.get())
        .filter(requests::state.eq(from.as_str()));
    diesel::update(request)
        .set((
            requests::state.eq(AccessState::Ended.as_str()),
            requests::ended_at.eq(now),
            requests::end_reason.eq(reason.as_str()),
            requests::ended_by.eq(by.map(AccountId::get)),
        ))
        .execute(conn)
        .map(drop)
}

/// Approved requests whose period is over.
pub fn list_over(conn: &mut PgConnection, limit: i64) -> QueryResult<Vec<AccessRequestId>> {
    let ids: Vec<i64> = requests::table
        .filter(requests::state.eq(AccessState::Approved.as_str()))
        .filter(requests::expires_at.le(now.into_sql::<Timestamptz>().nullable()))
        .order(requests::expires_at)
        .select(requests::id)
        .limit(limit)
        .load(conn)?;
    Ok(ids.into_iter().map(AccessRequestId::of).collect())
}

/// The approved requests of an account, in the order in which they are locked.
pub fn list_approved(conn: &mut PgConnection, requester: AccountId) -> QueryResult<Vec<AccessRequestId>> {
    let ids: Vec<i64> = requests::table
        .filter(requests::requester_id.eq(requester.get()))
        .filter(requests::state.eq(AccessState::Approved.as_str()))
        .order(requests::id)
        .select(requests::id)
        .load(conn)?;
    Ok(ids.into_iter().map(AccessRequestId::of).collect())
}

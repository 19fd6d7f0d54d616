//! Logins of approved requests, from the claim to issue one until Vault has confirmed that it is dropped.

use crate::db::interval::interval;
use crate::db::schema::access::{logins, requests};
use crate::types::access::AccessRequestId;
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Interval, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::time::Duration;
use uuid::Uuid;

/// How long a login lives at most, however long the approved period is.
pub const MAX_LOGIN_LIFETIME: Duration = Duration::from_secs(30 * 86_400);

/// How long before the end of a login the next one is issued.
pub const LOGIN_OVERLAP: Duration = Duration::from_secs(86_400);

/// After this time a claim is abandoned: its replica has died.
pub(super) const CLAIM_TIMEOUT: Duration = Duration::from_secs(120);

/// A login `l` outlives the overlap `$1` or its request `r`: its successor is not due.
pub(super) const OUTLIVES: &str =
    "(l.expires_at > now() + $1 OR l.expires_at >= r.expires_at - interval '1 minute')";

/// Why a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginEnd {
    /// Its time is over.
    Expired,
    /// The access was revoked, or its period is over.
    Revoked,
    /// It was not issued to the end.
    Failed,
    /// No one collected it in time.
    Uncollected,
    /// Someone else has opened its wrapping token.
    Compromised,
    /// An attempt of the service without an answer has opened its wrapping token, or someone else.
    Lost,
}

impl LoginEnd {
    /// Name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Failed => "failed",
            Self::Uncollected => "uncollected",
            Self::Compromised => "compromised",
            Self::Lost => "lost",
        }
    }
}

/// A login as the trace from its name to a person shows it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = logins)]
pub struct LoginRow {
    /// Id.
    pub id: Uuid,
    /// The request.
    pub request_id: i64,
    /// Name in the database. `None`: it was not issued.
    pub name: Option<String>,
    /// When it was issued.
    pub issued_at: Option<DateTime<Utc>>,
    /// Its end.
    pub expires_at: DateTime<Utc>,
    /// When it was handed over.
    pub collected_at: Option<DateTime<Utc>>,
    /// When its end was decided.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why.
    pub end_reason: Option<String>,
    /// When Vault confirmed that it is dropped.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A login to issue.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Claim {
    /// Id of the login.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The request.
    #[diesel(sql_type = BigInt)]
    pub request_id: i64,
    /// The account that requests.
    #[diesel(sql_type = BigInt)]
    pub requester_id: i64,
    /// A level of `types::access`.
    #[diesel(sql_type = Text)]
    pub level: String,
    /// Seconds until the login ends.
    #[diesel(sql_type = BigInt)]
    pub seconds: i64,
    /// Seconds until the wrapping token of its credentials ends.
    #[diesel(sql_type = BigInt)]
    pub token_seconds: i64,
}

/// What Vault issued.
#[derive(Clone, Debug)]
pub struct Issued<'a> {
    /// Name in the database.
    pub name: &'a str,
    /// Id of the lease.
    pub lease_id: &'a str,
    /// The sealed wrapping token.
    pub sealed_token: &'a [u8],
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The condition of an approved request `r` that needs a login: it has none that outlives the overlap or the request itself.
fn is_due() -> String {
    format!(
        "r.state = 'approved' AND r.expires_at > now() + interval '1 minute'
           AND coalesce(r.issue_after, now()) <= now()
           AND NOT EXISTS (
             SELECT FROM access.logins l WHERE l.request_id = r.id AND l.ended_at IS NULL AND {OUTLIVES})"
    )
}

/// Requests that need a login now.
pub fn list_due(conn: &mut PgConnection, limit: i64) -> QueryResult<Vec<AccessRequestId>> {
    let is_due = is_due();
    let query = format!("SELECT r.id FROM access.requests r WHERE {is_due} ORDER BY r.id LIMIT $2");
    let ids: Vec<Id> = diesel::sql_query(query)
        .bind::<Interval, _>(interval(LOGIN_OVERLAP))
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    Ok(ids.into_iter().map(|row| AccessRequestId::of(row.id)).collect())
}

/// Claims the issuing of the next login of a locked request. `None`: it needs none, or another replica issues it.
pub fn claim(conn: &mut PgConnection, request: AccessRequestId, id: Uuid) -> QueryResult<Option<Claim>> {
    let is_due = is_due();
    let query = format!(
        "WITH due AS (
           SELECT r.id, r.requester_id, r.level, least(now() + $2, r.expires_at) AS expires_at
           FROM access.requests r WHERE r.id = $3 AND {is_due}),
         claimed AS (
           INSERT INTO access.logins (id, request_id, expires_at) SELECT $4, id, expires_at FROM due RETURNING request_id)
         SELECT $4 AS id, due.id AS request_id, requester_id, level,
           extract(epoch FROM expires_at - now())::bigint AS seconds,
           extract(epoch FROM least(expires_at - now(), $1))::bigint AS token_seconds
         FROM due JOIN claimed ON claimed.request_id = due.id"
    );
    diesel::sql_query(query)
        .bind::<Interval, _>(interval(LOGIN_OVERLAP))
        .bind::<Interval, _>(interval(MAX_LOGIN_LIFETIME))
        .bind::<BigInt, _>(request.get())
        .bind::<SqlUuid, _>(id)
        .get_result(conn)
        .optional()
}

/// Records the Vault token of a claimed login. `false`: the claim has ended meanwhile.
pub fn set_accessor(conn: &mut PgConnection, id: Uuid, accessor: &str) -> QueryResult<bool> {
    let login = logins::table.find(id).filter(logins::ended_at.is_null());
    let set = diesel::update(login)
        .set(logins::accessor.eq(accessor))
        .execute(conn)?;
    Ok(set > 0)
}

/// Records what Vault issued for a claim. `false`: the claim has ended meanwhile.
pub fn set_issued(conn: &mut PgConnection, claim: &Claim, issued: &Issued<'_>) -> QueryResult<bool> {
    let token_ttl = Duration::from_secs(claim.token_seconds.unsigned_abs());
    let login = logins::table
        .find(claim.id)
        .filter(logins::ended_at.is_null())
        .filter(logins::issued_at.is_null());
    let set = diesel::update(login)
        .set((
            logins::name.eq(issued.name),
            logins::lease_id.eq(issued.lease_id),
            logins::sealed_token.eq(issued.sealed_token),
            logins::issued_at.eq(now),
            logins::token_expires_at
                .eq((now.into_sql::<Timestamptz>() + interval(token_ttl).into_sql::<Interval>()).nullable()),
        ))
        .execute(conn)?;
    Ok(set > 0)
}

/// Clears the failures of a request, or counts one and delays the next attempt.
pub fn set_issue_failures(
    conn: &mut PgConnection,
    request: AccessRequestId,
    failures: i32,
    delay: Option<Duration>,
) -> QueryResult<()> {
    let row = diesel::update(requests::table.find(request.get()));
    let failed = requests::issue_failures.eq(failures);
    match delay {
        Some(delay) => row
            .set((
                failed,
                requests::issue_after
                    .eq((now.into_sql::<Timestamptz>() + interval(delay).into_sql::<Interval>()).nullable()),
            ))
            .execute(conn),
        None => row
            .set((failed, requests::issue_after.eq(None::<DateTime<Utc>>)))
            .execute(conn),
    }
    .map(drop)
}

/// How often issuing the next login of a request has failed since the last success.
pub fn issue_failures(conn: &mut PgConnection, request: AccessRequestId) -> QueryResult<i32> {
    requests::table
        .find(request.get())
        .select(requests::issue_failures)
        .first(conn)
}

/// The login of this name, the newest if there were several.
pub fn find_by_name(conn: &mut PgConnection, name: &str) -> QueryResult<Option<LoginRow>> {
    logins::table
        .filter(logins::name.eq(name))
        .select(LoginRow::as_select())
        .first(conn)
        .optional()
}

/// Ends one login. `false`: it has ended already.
pub fn end(conn: &mut PgConnection, id: Uuid, reason: LoginEnd) -> QueryResult<bool> {
    let login = logins::table.find(id).filter(logins::ended_at.is_null());
    Ok(diesel::update(login).set(ended(reason)).execute(conn)? > 0)
}

/// Ends all logins of a request.
pub fn end_all(conn: &mut PgConnection, request: AccessRequestId, reason: LoginEnd) -> QueryResult<usize> {
    let all = logins::table
        .filter(logins::request_id.eq(request.get()))
        .filter(logins::ended_at.is_null());
    diesel::update(all).set(ended(reason)).execute(conn)
}

/// Ends logins whose time is over, and claims that their replica has abandoned. Returns their number.
pub fn end_over(conn: &mut PgConnection) -> QueryResult<usize> {
    let over = logins::table
        .filter(logins::ended_at.is_null())
        .filter(logins::expires_at.le(now.into_sql::<Timestamptz>()));
    let expired = diesel::update(over).set(ended(LoginEnd::Expired)).execute(conn)?;
    let abandoned_at = now.into_sql::<Timestamptz>() - interval(CLAIM_TIMEOUT).into_sql::<Interval>();
    let abandoned = logins::table
        .filter(logins::ended_at.is_null())
        .filter(logins::issued_at.is_null())
        .filter(logins::claimed_at.lt(abandoned_at));
    let failed = diesel::update(abandoned)
        .set(ended(LoginEnd::Failed))
        .execute(conn)?;
    Ok(expired + failed)
}

type Ended = (
    diesel::dsl::Eq<logins::ended_at, diesel::dsl::AsExprOf<now, Nullable<Timestamptz>>>,
    diesel::dsl::Eq<logins::end_reason, &'static str>,
    diesel::dsl::Eq<logins::sealed_token, Option<Vec<u8>>>,
);

fn ended(reason: LoginEnd) -> Ended {
    (
        logins::ended_at.eq(now.into_sql::<Nullable<Timestamptz>>()),
        logins::end_reason.eq(reason.as_str()),
        logins::sealed_token.eq(None::<Vec<u8>>),
    )
}

//! Secrets and public keys of clients. Hashes of secrets are read through one database function only, for one client at a time.

use crate::db::interval::interval;
use crate::db::schema::clients::credentials;
use crate::types::client::{ClientId, CredentialId, CredentialKind, CredentialLifetime};
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Bytea, Interval, Nullable, Text, Timestamptz};
use std::fmt;
use std::time::Duration;
use uuid::Uuid;

/// A client that is not revoked, with one of its valid credentials, or without if it has none.
#[derive(Clone, QueryableByName)]
pub struct VerificationRow {
    /// Current scopes of the client, separated by spaces.
    #[diesel(sql_type = Text)]
    pub scopes: String,
    /// Id of the credential.
    #[diesel(sql_type = Nullable<diesel::sql_types::Uuid>)]
    pub credential_id: Option<Uuid>,
    /// SHA-256 of a secret.
    #[diesel(sql_type = Nullable<Bytea>)]
    pub secret_hash: Option<Vec<u8>>,
    /// Coordinates of a key's point.
    #[diesel(sql_type = Nullable<Bytea>)]
    pub public_key: Option<Vec<u8>>,
    /// When the credential was last used.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_used_at: Option<DateTime<Utc>>,
}

impl fmt::Debug for VerificationRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationRow")
            .field("credential_id", &self.credential_id)
            .finish_non_exhaustive()
    }
}

/// A credential, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = credentials)]
pub struct CredentialRow {
    /// Id.
    pub id: Uuid,
    /// Position among those of the same client and kind.
    pub slot: i64,
    /// Coordinates of a key's point.
    pub public_key: Option<Vec<u8>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A credential to add.
#[derive(Clone, Debug)]
pub enum NewCredential {
    /// SHA-256 of a secret.
    Secret([u8; 32]),
    /// Coordinates of a key's point.
    Key([u8; 64]),
}

impl NewCredential {
    /// Its kind.
    pub fn kind(&self) -> CredentialKind {
        match self {
            Self::Secret(_) => CredentialKind::Secret,
            Self::Key(_) => CredentialKind::Key,
        }
    }
}

/// The valid credentials of a client. Empty: it does not exist, or is revoked. Raw SQL, because diesel does not support functions
/// in FROM.
pub fn find_valid(conn: &mut PgConnection, client: ClientId) -> QueryResult<Vec<VerificationRow>> {
    diesel::sql_query(
        "SELECT scopes, credential_id, secret_hash, public_key, last_used_at FROM clients.credentials_for($1)",
    )
    .bind::<diesel::sql_types::Uuid, _>(client.get())
    .load(conn)
}

/// Records a use of a credential, unless one within `interval_of_records` is recorded. False: one is, or it was removed.
pub fn touch(conn: &mut PgConnection, id: Uuid, interval_of_records: Duration) -> QueryResult<bool> {
    let since = now.into_sql::<Timestamptz>() - interval(interval_of_records).into_sql::<Interval>();
    let touched = diesel::update(credentials::table.find(id))
        .filter(
            credentials::last_used_at
                .is_null()
                .or(credentials::last_used_at.lt(since.nullable())),
        )
        .set(credentials::last_used_at.eq(now))
        .execute(conn)?;
    Ok(touched > 0)
}

/// The credentials of a kind, oldest first, expired or not.
pub fn list(
    conn: &mut PgConnection,
    client: ClientId,
    kind: CredentialKind,
) -> QueryResult<Vec<CredentialRow>> {
    credentials::table
        .filter(credentials::client_id.eq(client.get()))
        .filter(credentials::kind.eq(kind.as_str()))
        .order((credentials::created_at, credentials::slot))
        .select(CredentialRow::as_select())
        .load(conn)
}

/// Deletes the expired credentials of a kind.
pub fn delete_expired(conn: &mut PgConnection, client: ClientId, kind: CredentialKind) -> QueryResult<usize> {
    diesel::delete(
        credentials::table
            .filter(credentials::client_id.eq(client.get()))
            .filter(credentials::kind.eq(kind.as_str()))
            .filter(credentials::expires_at.le(now)),
    )
    .execute(conn)
}

/// Adds a credential. Violates `credentials_slot_key` if the client has one in this slot.
pub fn add(
    conn: &mut PgConnection,
    client: ClientId,
    slot: i64,
    new: &NewCredential,
    lifetime: CredentialLifetime,
) -> QueryResult<CredentialRow> {
    let (secret_hash, public_key) = match new {
        NewCredential::Secret(hash) => (Some(hash.as_slice()), None),
        NewCredential::Key(point) => (None, Some(point.as_slice())),
    };
    let lifetime = interval(lifetime.duration().to_std().unwrap_or_default());
    diesel::insert_into(credentials::table)
        .values((
            credentials::id.eq(CredentialId::random().get()),
            credentials::client_id.eq(client.get()),
            credentials::kind.eq(new.kind().as_str()),
            credentials::slot.eq(slot),
            credentials::secret_hash.eq(secret_hash),
            credentials::public_key.eq(public_key),
            credentials::expires_at.eq(now.into_sql::<Timestamptz>() + lifetime.into_sql::<Interval>()),
        ))
        .returning(CredentialRow::as_returning())
        .get_result(conn)
}

/// Removes a credential of a client. False: the client has none of this kind with this id.
pub fn remove(
    conn: &mut PgConnection,
    client: ClientId,
    kind: CredentialKind,
    id: CredentialId,
) -> QueryResult<bool> {
    let removed = diesel::delete(
        credentials::table
            .find(id.get())
            .filter(credentials::client_id.eq(client.get()))
            .filter(credentials::kind.eq(kind.as_str())),
    )
    .execute(conn)?;
    Ok(removed > 0)
}

/// Removes all credentials of a client.
pub fn remove_all(conn: &mut PgConnection, client: ClientId) -> QueryResult<usize> {
    diesel::delete(credentials::table.filter(credentials::client_id.eq(client.get()))).execute(conn)
}

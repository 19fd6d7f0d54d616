//! Machine clients: their rows, and the look-up that each of their requests needs.

/// Secrets and keys of clients.
pub mod credentials;

/// Assertions that were used.
pub mod used_assertions;

use crate::db::Db;
use crate::db::error::DbError;
use crate::db::executor::batch::Batcher;
use crate::db::schema::clients::clients;
use crate::types::client::{ClientId, ClientName, ClientScopes};
use crate::types::page_row::{PageRow, json_bytes};
use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use uuid::Uuid;

/// A client, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = clients)]
pub struct ClientRow {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Scopes, separated by spaces.
    pub scopes: String,
    /// Incremented by every change.
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl PageRow for ClientRow {
    fn text_bytes(&self) -> usize {
        json_bytes(&self.name) + json_bytes(&self.scopes)
    }
}

/// Batches look-ups of the scopes of clients. `None`: the client does not exist, or is revoked.
pub type ClientBatcher = Batcher<Uuid, Option<String>>;

/// The current scopes of a client that is not revoked.
pub async fn find_active_scopes(
    db: &Db,
    batcher: &ClientBatcher,
    id: ClientId,
) -> Result<Option<String>, DbError> {
    db.batched("find_active_client", batcher, id.get(), |conn, ids| {
        let rows: Vec<(Uuid, String)> = clients::table
            .filter(clients::id.eq_any(ids.iter().copied()))
            .filter(clients::revoked_at.is_null())
            .select((clients::id, clients::scopes))
            .load(conn)?;
        let found = |id: &&Uuid| rows.iter().find(|row| row.0 == **id).map(|row| row.1.clone());
        Ok(ids.iter().map(found).collect())
    })
    .await
}

/// Creates a client.
pub fn create(
    conn: &mut PgConnection,
    id: ClientId,
    name: &ClientName,
    scopes: &ClientScopes,
) -> QueryResult<ClientRow> {
    diesel::insert_into(clients::table)
        .values((
            clients::id.eq(id.get()),
            clients::name.eq(name.as_str()),
            clients::scopes.eq(scopes.text()),
        ))
        .returning(ClientRow::as_returning())
        .get_result(conn)
}

/// The client with this id, revoked or not.
pub fn find(conn: &mut PgConnection, id: ClientId) -> QueryResult<Option<ClientRow>> {
    clients::table
        .find(id.get())
        .select(ClientRow::as_select())
        .first(conn)
        .optional()
}

/// The same. Locks the row until the end of the transaction.
pub fn lock(conn: &mut PgConnection, id: ClientId) -> QueryResult<Option<ClientRow>> {
    clients::table
        .find(id.get())
        .select(ClientRow::as_select())
        .for_no_key_update()
        .first(conn)
        .optional()
}

/// Clients in the order of their ids, from behind `after`.
pub fn list(conn: &mut PgConnection, after: Option<ClientId>, limit: i64) -> QueryResult<Vec<ClientRow>> {
    clients::table
        .filter(clients::id.gt(after.map_or(Uuid::nil(), ClientId::get)))
        .order(clients::id)
        .limit(limit)
        .select(ClientRow::as_select())
        .load(conn)
}

/// Replaces name and scopes.
pub fn replace(
    conn: &mut PgConnection,
    id: ClientId,
    name: &ClientName,
    scopes: &ClientScopes,
) -> QueryResult<ClientRow> {
    diesel::update(clients::table.find(id.get()))
        .set((
            clients::name.eq(name.as_str()),
            clients::scopes.eq(scopes.text()),
            clients::version.eq(clients::version + 1),
            clients::updated_at.eq(now),
        ))
        .returning(ClientRow::as_returning())
        .get_result(conn)
}

/// Marks a client as revoked.
pub fn revoke(conn: &mut PgConnection, id: ClientId) -> QueryResult<ClientRow> {
    diesel::update(clients::table.find(id.get()))
        .set((
            clients::revoked_at.eq(now),
            clients::version.eq(clients::version + 1),
            clients::updated_at.eq(now),
        ))
        .returning(ClientRow::as_returning())
        .get_result(conn)
}

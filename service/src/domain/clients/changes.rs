//! Changes that administrators make to clients. A change and its audit event share one transaction.

use super::Clients;
use super::error::ClientError;
use crate::db::audit::{self, Event};
use crate::db::clients::{self, ClientRow, credentials};
use crate::db::{PgConnection, QueryResult};
use crate::domain::sessions::caller::{Admin, SignedIn};
use crate::types::client::{ClientId, ClientName, ClientScopes};
use crate::types::client_info::ClientInfo;
use crate::types::version_precondition::VersionPrecondition;
use serde_json::{Value, json};

/// Name and scopes of a client.
#[derive(Clone, Debug)]
pub struct ClientDescription {
    /// The name.
    pub name: ClientName,
    /// The scopes.
    pub scopes: ClientScopes,
}

impl Clients {
    /// Creates a client without credentials.
    pub async fn create(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        new: ClientDescription,
    ) -> Result<ClientRow, ClientError> {
        let by = Author::proven(admin, client)?;
        let created = self.0.db.tx("create_client", move |conn| {
            if !by.admin.is_still_signed_in(conn)? {
                return Ok(Err(ClientError::SignedOut));
            }
            let id = ClientId::random();
            let row = clients::create(conn, id, &new.name, &new.scopes)?;
            by.append_event(conn, "client.created", id, json!({ "scopes": row.scopes }))?;
            Ok(Ok(row))
        });
        created.await?
    }

    /// Replaces name and scopes. Tokens lose at once the scopes that the client loses.
    pub async fn update(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: ClientId,
        expected: VersionPrecondition,
        new: ClientDescription,
    ) -> Result<ClientRow, ClientError> {
        let by = Author::proven(admin, client)?;
        let changed = self.0.db.tx("update_client", move |conn| {
            let old = match by.lock(conn, id, &expected)? {
                Ok(row) => row,
                Err(error) => return Ok(Err(error)),
            };
            let row = clients::replace(conn, id, &new.name, &new.scopes)?;
            let detail = if old.scopes == row.scopes {
                json!({ "fields": ["name"] })
            } else {
                json!({ "from": old.scopes, "to": row.scopes })
            };
            by.append_event(conn, "client.changed", id, detail)?;
            Ok(Ok(row))
        });
        changed.await?
    }

    /// Revokes a client, for good: its tokens are refused from now on, and its credentials are deleted.
    pub async fn revoke(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: ClientId,
        expected: VersionPrecondition,
    ) -> Result<(), ClientError> {
        let by = Author::proven(admin, client)?;
        let revoked = self.0.db.tx("revoke_client", move |conn| {
            if let Err(error) = by.lock(conn, id, &expected)? {
                return Ok(Err(error));
            }
            clients::revoke(conn, id)?;
            credentials::remove_all(conn, id)?;
            by.append_event(conn, "client.revoked", id, json!({}))?;
            Ok(Ok(()))
        });
        revoked.await?
    }
}

/// The administrator and the request that make a change.
pub(super) struct Author {
    admin: SignedIn,
    client: ClientInfo,
}

impl Author {
    /// An administrator whose credentials were verified recently: a client is a way in that outlives the session.
    pub(super) fn proven(admin: &Admin, client: &ClientInfo) -> Result<Self, ClientError> {
        let signed_in = admin.signed_in();
        if !signed_in.is_recently_proven() {
            return Err(ClientError::ProofRequired);
        }
        Ok(Self {
            admin: signed_in.clone(),
            client: client.clone(),
        })
    }

    /// Locks a client that is not revoked, and checks the precondition. The administrator's session may have ended meanwhile.
    pub(super) fn lock(
        &self,
        conn: &mut PgConnection,
        id: ClientId,
        expected: &VersionPrecondition,
    ) -> QueryResult<Result<ClientRow, ClientError>> {
        let row = clients::lock(conn, id)?;
        if !self.admin.is_still_signed_in(conn)? {
            return Ok(Err(ClientError::SignedOut));
        }
        Ok(match row {
            None => Err(ClientError::NotFound),
            Some(row) if row.revoked_at.is_some() => Err(ClientError::Revoked),
            Some(row) if !expected.matches(row.version) => Err(ClientError::PreconditionFailed),
            Some(row) => Ok(row),
        })
    }

    /// Appends an audit event. To be called last in its transaction.
    pub(super) fn append_event(
        &self,
        conn: &mut PgConnection,
        action: &'static str,
        id: ClientId,
        detail: Value,
    ) -> QueryResult<()> {
        let event = Event {
            actor: Some(self.admin.account()),
            action,
            subject: id.subject(),
            client: &self.client,
            detail,
        };
        audit::append(conn, &event)
    }
}

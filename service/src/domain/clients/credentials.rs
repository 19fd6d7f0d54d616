//! Adding and removing the secrets and keys of a client. Two of a kind are valid at the same time, so that a rotation refuses no
//! request: add the second, switch the client over, remove the first.

use super::Clients;
use super::changes::Author;
use super::error::ClientError;
use crate::crypto::client_assertion::ClientKey;
use crate::crypto::tokens::PlainToken;
use crate::db::clients;
pub use crate::db::clients::credentials::CredentialRow;
use crate::db::clients::credentials::{self, NewCredential};
use crate::db::{PgConnection, QueryResult};
use crate::domain::sessions::caller::Admin;
use crate::types::client::{ClientId, CredentialId, CredentialKind, CredentialLifetime};
use crate::types::client_info::ClientInfo;
use crate::types::version_precondition::VersionPrecondition;
use serde_json::json;

/// The slots of a kind.
const SLOTS: [i64; 2] = [1, 2];

impl Clients {
    /// The credentials of a kind, oldest first, expired ones included until others replace them.
    pub async fn list_credentials(
        &self,
        _admin: &Admin,
        id: ClientId,
        kind: CredentialKind,
    ) -> Result<Vec<CredentialRow>, ClientError> {
        let list = move |conn: &mut PgConnection| {
            if clients::find(conn, id)?.is_none() {
                return Ok(None);
            }
            credentials::list(conn, id, kind).map(Some)
        };
        let rows = self.0.db.run("list_client_credentials", list).await?;
        rows.ok_or(ClientError::NotFound)
    }

    /// Adds a secret, which is returned this once: only its hash is stored. The secret has 256 random bits, so that a fast hash
    /// suffices: there is nothing to guess that a slow one would protect, and a client authenticates often.
    pub async fn add_secret(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: ClientId,
        lifetime: CredentialLifetime,
    ) -> Result<(CredentialRow, PlainToken), ClientError> {
        let secret = PlainToken::random();
        let new = NewCredential::Secret(*secret.hash().array());
        let row = self.add(admin, client, id, new, lifetime).await?;
        Ok((row, secret))
    }

    /// Adds a public key, with whose private key the client signs assertions.
    pub async fn add_key(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: ClientId,
        key: &ClientKey,
        lifetime: CredentialLifetime,
    ) -> Result<CredentialRow, ClientError> {
        let new = NewCredential::Key(*key.bytes());
        self.add(admin, client, id, new, lifetime).await
    }

    /// Removes a secret or a key: it authenticates no more. Tokens that were issued for it stay valid until they expire.
    pub async fn remove_credential(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: ClientId,
        kind: CredentialKind,
        credential: CredentialId,
    ) -> Result<(), ClientError> {
        let by = Author::proven(admin, client)?;
        let removed = self.0.db.tx("remove_client_credential", move |conn| {
            if let Err(error) = by.lock(conn, id, &VersionPrecondition::Any)? {
                return Ok(Err(error));
            }
            if !credentials::remove(conn, id, kind, credential)? {
                return Ok(Err(ClientError::NoCredential));
            }
            let action = match kind {
                CredentialKind::Secret => "client_secret.removed",
                CredentialKind::Key => "client_key.removed",
            };
            by.append_event(conn, action, id, json!({ "credential": credential.get() }))?;
            Ok(Ok(()))
        });
        removed.await?
    }

    /// Adds a credential in the place of an expired one, or in a free slot. The client is locked, so that concurrent calls count each
    /// other's credentials.
    async fn add(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: ClientId,
        new: NewCredential,
        lifetime: CredentialLifetime,
    ) -> Result<CredentialRow, ClientError> {
        let by = Author::proven(admin, client)?;
        let added = self.0.db.tx("add_client_credential", move |conn| {
            if let Err(error) = by.lock(conn, id, &VersionPrecondition::Any)? {
                return Ok(Err(error));
            }
            let slot = match free_slot(conn, id, &new)? {
                Ok(slot) => slot,
                Err(error) => return Ok(Err(error)),
            };
            let row = credentials::add(conn, id, slot, &new, lifetime)?;
            let action = match new.kind() {
                CredentialKind::Secret => "client_secret.added",
                CredentialKind::Key => "client_key.added",
            };
            let detail = json!({ "credential": row.id, "expires_at": row.expires_at });
            by.append_event(conn, action, id, detail)?;
            Ok(Ok(row))
        });
        added.await?
    }
}

/// Deletes expired credentials and finds a slot.
fn free_slot(
    conn: &mut PgConnection,
    id: ClientId,
    new: &NewCredential,
) -> QueryResult<Result<i64, ClientError>> {
    credentials::delete_expired(conn, id, new.kind())?;
    let existing = credentials::list(conn, id, new.kind())?;
    if let NewCredential::Key(point) = new
        && existing
            .iter()
            .any(|row| row.public_key.as_deref() == Some(point))
    {
        return Ok(Err(ClientError::SameKey));
    }
    let free = SLOTS
        .into_iter()
        .find(|slot| existing.iter().all(|row| row.slot != *slot));
    Ok(free.ok_or(ClientError::TooMany))
}

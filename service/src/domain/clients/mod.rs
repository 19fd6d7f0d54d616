//! Machine clients: programs that get tokens of their own (RFC 6749 §4.4), with rights that an administrator gives them and none
//! of a person.

/// Evidence of authentication.
pub mod caller;

/// Creating, changing and revoking clients.
pub mod changes;

/// Adding and removing secrets and keys.
pub mod credentials;

/// Errors of the operations of administrators.
pub mod error;

/// Issuing tokens.
pub mod tokens;

/// Verification of the credentials that a client presents.
mod verification;

use super::StorageError;
use super::page::Page;
use super::sessions::caller::Admin;
use super::sessions::error::AuthenticationError;
use super::throttles::Throttles;
use crate::crypto::claims::ClientClaims;
use crate::crypto::jwt::Jwt;
pub use crate::db::clients::ClientRow;
use crate::db::clients::{self, ClientBatcher, used_assertions};
use crate::db::{Db, PgConnection};
use crate::types::client::{ClientId, ClientScopes};
use caller::AuthenticatedClient;
use error::ClientError;
use std::sync::Arc;
use std::time::Duration;

/// Rows deleted by one statement.
const BATCH_SIZE: i64 = 1000;

/// The operations on machine clients. Cheap to clone.
#[derive(Clone)]
pub struct Clients(Arc<Parts>);

/// The dependencies of [`Clients`].
pub struct Parts {
    /// The accounts login's connections.
    pub db: Db,
    /// Signs access tokens.
    pub jwt: Jwt,
    /// Counts failed authentications.
    pub throttles: Throttles,
    /// Lifetime of an access token.
    pub access_token_ttl: Duration,
    /// The audiences that an assertion may have: the address of the token endpoint, and the issuer of our tokens.
    pub audiences: [String; 2],
    /// Batches the look-ups of active clients.
    pub waiting: ClientBatcher,
}

impl Clients {
    /// Wires the domain to its dependencies.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Authenticates a client by the claims of its token. The client is looked up for each request, so that a revocation takes effect
    /// at once on every replica; and a scope that was taken from the client is taken from its tokens.
    pub async fn authenticate(
        &self,
        claims: &ClientClaims,
    ) -> Result<AuthenticatedClient, AuthenticationError> {
        let invalid = || AuthenticationError::InvalidToken;
        let id = ClientId::parse(&claims.sub).ok_or_else(invalid)?;
        let granted = ClientScopes::parse(&claims.scope).ok_or_else(invalid)?;
        let current = clients::find_active_scopes(&self.0.db, &self.0.waiting, id).await?;
        let current = current.and_then(|text| ClientScopes::parse(&text));
        let scopes = granted.intersection(&current.ok_or_else(invalid)?);
        Ok(AuthenticatedClient { id, scopes })
    }

    /// A client, revoked or not.
    pub async fn get(&self, _admin: &Admin, id: ClientId) -> Result<ClientRow, ClientError> {
        let find = move |conn: &mut PgConnection| clients::find(conn, id);
        let found = self.0.db.run("find_client", find).await?;
        found.ok_or(ClientError::NotFound)
    }

    /// A page of clients by id, revoked ones included: audit events name a client by its id alone.
    pub async fn list(
        &self,
        _admin: &Admin,
        after: Option<ClientId>,
        limit: u32,
    ) -> Result<Page<ClientRow>, ClientError> {
        let list = move |conn: &mut PgConnection| clients::list(conn, after, i64::from(limit) + 1);
        let rows = self.0.db.run("list_clients", list).await?;
        Ok(Page::from_rows(rows, limit, |row| row.id.to_string()))
    }

    /// Deletes the records of assertions that have expired.
    pub async fn delete_expired(&self) -> Result<(), StorageError> {
        let batch_size = usize::try_from(BATCH_SIZE).unwrap_or_default();
        let delete = |conn: &mut PgConnection| used_assertions::delete_expired(conn, BATCH_SIZE);
        while self.0.db.tx("delete_old_assertions", delete).await? >= batch_size {}
        Ok(())
    }
}

//! Ending a user's sessions, and removing a second factor that its owner has lost.

use super::Users;
use super::error::UserError;
use crate::db::accounts::{self, AccountRow};
use crate::db::{PgConnection, QueryResult};
use crate::domain::accounts::protection::Protector;
use crate::domain::sessions::caller::Admin;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;

impl Users {
    /// Ends all sessions of a user.
    pub async fn end_sessions(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
    ) -> Result<(), UserError> {
        let end = |protector: &Protector<'_>, conn: &mut PgConnection, row: &AccountRow| {
            protector.end_sessions(conn, row).map(|_| Ok(()))
        };
        self.protect("end_user_sessions", admin, client, id, end).await
    }

    /// Removes the second factor of another user who has lost it, and ends the sessions.
    pub async fn remove_second_factor(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
    ) -> Result<(), UserError> {
        let remove = |protector: &Protector<'_>, conn: &mut PgConnection, row: &AccountRow| {
            if protector.actor == Some(row.id()) {
                return Ok(Err(UserError::OwnSecondFactor));
            }
            let removed = protector.remove_second_factor(conn, row)?;
            Ok(removed.then_some(()).ok_or(UserError::NoSecondFactor))
        };
        self.protect("remove_user_second_factor", admin, client, id, remove)
            .await
    }

    /// Takes a measure for a user, as an administrator whose credentials were verified recently.
    async fn protect(
        &self,
        name: &'static str,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
        measure: impl FnOnce(&Protector<'_>, &mut PgConnection, &AccountRow) -> QueryResult<Result<(), UserError>>
        + Send
        + 'static,
    ) -> Result<(), UserError> {
        Self::require_proof(admin)?;
        let (admin, client) = (admin.signed_in().clone(), client.clone());
        let taken = self.0.db.tx(name, move |conn| {
            let Some(row) = accounts::lock(conn, id)? else {
                return Ok(Err(UserError::NotFound));
            };
            if !admin.is_still_signed_in(conn)? {
                return Ok(Err(UserError::SignedOut));
            }
            let protector = Protector {
                actor: Some(admin.account()),
                client: &client,
            };
            measure(&protector, conn, &row)
        });
        taken.await?
    }
}

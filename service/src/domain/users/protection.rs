//! Ending a user's sessions, and removing a second factor that its owner has lost.

use super::Users;
use super::error::UserError;
use crate::db::accounts;
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
        Self::require_proof(admin)?;
        let (admin, client) = (admin.signed_in().clone(), client.clone());
        let ended = self.0.db.tx("end_user_sessions", move |conn| {
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
            protector.end_sessions(conn, &row).map(|_| Ok(()))
        });
        ended.await?
    }

    /// Removes the second factor of another user who has lost it, and ends the sessions.
    pub async fn remove_second_factor(
        &self,
        admin: &Admin,
        client: &ClientInfo,
        id: AccountId,
    ) -> Result<(), UserError> {
        Self::require_proof(admin)?;
        if id == admin.signed_in().account() {
            return Err(UserError::OwnSecondFactor);
        }
        let (admin, client) = (admin.signed_in().clone(), client.clone());
        let removed = self.0.db.tx("remove_user_second_factor", move |conn| {
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
            let removed = protector.remove_second_factor(conn, &row)?;
            Ok(removed.then_some(()).ok_or(UserError::NoSecondFactor))
        });
        removed.await?
    }
}

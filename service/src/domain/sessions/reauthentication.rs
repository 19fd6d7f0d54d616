//! Step-up authentication: verifying the credentials of a session again, for operations that need a recent proof.

use super::Sessions;
use super::caller::SignedIn;
use super::error::LoginError;
use crate::crypto::one_time_code::OneTimeCode;
use crate::db::audit::{self, Event};
use crate::db::sessions;
use crate::types::client_info::ClientInfo;
use secrecy::SecretString;
use serde_json::json;

impl Sessions {
    /// Verifies password and code of a signed-in account, and records the time in its session.
    pub async fn reauthenticate(
        &self,
        who: &SignedIn,
        password: SecretString,
        code: Option<OneTimeCode>,
        client: &ClientInfo,
    ) -> Result<(), LoginError> {
        let verified = self.verify_owner(who, password, code, client).await?;
        let (account, session, client) = (who.account(), who.session(), client.clone());
        let proven = self.0.db.tx("reauthenticate", move |conn| {
            if let Err(error) = verified.consume(conn, &client)? {
                return Ok(Err(error));
            }
            sessions::prove(conn, session)?;
            verified.record_success(conn, &client)?;
            let event = Event {
                actor: Some(account),
                action: "session.proven",
                subject: format!("session:{session}"),
                client: &client,
                detail: json!({ "factor": verified.factor.as_str() }),
            };
            audit::append(conn, &event)?;
            Ok(Ok(()))
        });
        proven.await?
    }
}

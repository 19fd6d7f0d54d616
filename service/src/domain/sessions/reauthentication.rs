//! Step-up authentication: verifying the credentials of a session again, for operations that need a recent proof.

use super::caller::{RecentlyProven, SignedIn};
use super::error::LoginError;
use super::{Sessions, StorageError};
use crate::crypto::one_time_code::OneTimeCode;
use crate::crypto::tokens::PlainToken;
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, sessions};
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
    ) -> Result<RecentlyProven, LoginError> {
        let verified = self.verify_owner(who, password, code, client).await?;
        let attempt = verified.attempt();
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
        self.conclude(attempt, proven.await)
            .await?
            .map(|()| who.just_proven())
    }

    /// Replaces the cookie of a `browser` session (ASVS v5.0.0-7.2.4). `None`: the session is of another kind.
    pub async fn replace_cookie(&self, who: &SignedIn) -> Result<Option<PlainToken>, StorageError> {
        let (session, cookie) = (who.session(), PlainToken::random());
        let hash = cookie.hash();
        let replace = move |conn: &mut PgConnection| sessions::replace_cookie(conn, session, hash.bytes());
        let replaced = self.0.db.tx("replace_cookie", replace).await?;
        Ok(replaced.then_some(cookie))
    }
}

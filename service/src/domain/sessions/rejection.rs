//! Rejected attempts to prove credentials: the reason goes into the audit log, and the owner is notified of guesses at
//! codes.

use super::code_guesses::Guess;
use super::error::LoginError;
use super::{Sessions, StorageError};
use crate::db::accounts::credentials::CredentialRow;
use crate::db::audit::{self, Event};
use crate::db::{PgConnection, QueryResult};
use crate::mail::kind::MailKind;
use crate::mail::outbox_mail::OutboxMail;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use serde_json::json;

impl Sessions {
    /// Records a wrong password that was sent with a mailed link.
    pub async fn record_wrong_password(
        &self,
        account: AccountId,
        client: &ClientInfo,
    ) -> Result<(), StorageError> {
        let client = client.clone();
        let append =
            move |conn: &mut PgConnection| append_rejection(conn, Some(account), "wrong password", &client);
        self.0.db.tx("reject_password", append).await
    }

    /// Records the reason in the audit log only; the caller gets the same error for all of them.
    pub(super) async fn reject<T>(
        &self,
        account: Option<AccountId>,
        reason: &'static str,
        client: &ClientInfo,
    ) -> Result<T, LoginError> {
        let client = client.clone();
        let append = move |conn: &mut PgConnection| append_rejection(conn, account, reason, &client);
        self.0.db.tx("reject_login", append).await?;
        Err(LoginError::InvalidCredentials)
    }

    /// Records a wrong code, and notifies the owner if it is one too many: its sender knows the password.
    pub(super) async fn reject_code<T>(
        &self,
        row: CredentialRow,
        guess: Guess,
        client: &ClientInfo,
    ) -> Result<T, LoginError> {
        let client = client.clone();
        let record = move |conn: &mut PgConnection| {
            let account = AccountId::of(row.account_id);
            if guess.starts_delay() {
                notify(conn, MailKind::WrongCodes, &row)?;
                let event = Event {
                    actor: None,
                    action: "totp.blocked",
                    subject: account.subject(),
                    client: &client,
                    detail: json!({}),
                };
                audit::append(conn, &event)?;
            }
            append_rejection(conn, Some(account), "wrong code", &client)
        };
        self.0.db.tx("reject_code", record).await?;
        Err(LoginError::InvalidCredentials)
    }
}

/// Enqueues a mail to the account's address.
pub(super) fn notify(conn: &mut PgConnection, kind: MailKind, row: &CredentialRow) -> QueryResult<()> {
    let mail = OutboxMail {
        kind,
        to: &row.email,
        name: &row.name,
        link: None,
    };
    mail.enqueue(conn)
}

/// Appends the audit event of a rejected attempt.
pub(super) fn append_rejection(
    conn: &mut PgConnection,
    account: Option<AccountId>,
    reason: &'static str,
    client: &ClientInfo,
) -> QueryResult<()> {
    let event = Event {
        actor: None,
        action: "session.refused",
        subject: account.map(AccountId::subject).unwrap_or_default(),
        client,
        detail: json!({ "why": reason }),
    };
    audit::append(conn, &event)
}

//! The account as its owner sees it.

use super::Accounts;
use super::outcome::AccountError;
use crate::db::accounts::{self, AccountRow};
use crate::db::accounts::{credentials, links};
use crate::domain::sessions::caller::SignedIn;
use chrono::{DateTime, Utc};

/// What an account's owner sees of it. Contains no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// The account.
    pub account: AccountRow,
    /// The new address that is to be confirmed.
    pub pending_email: Option<String>,
    /// When the password was last set.
    pub password_changed_at: Option<DateTime<Utc>>,
    /// Whether a login requires a code.
    pub has_second_factor: bool,
}

impl Accounts {
    /// The caller's account; `None`: it was deleted concurrently.
    pub async fn view(&self, who: &SignedIn) -> Result<Option<AccountView>, AccountError> {
        let id = who.account();
        let view = self.0.db.run("find_account_view", move |conn| {
            let Some(account) = accounts::find(conn, id)? else {
                return Ok(None);
            };
            let dates = credentials::load_dates(conn, id)?;
            Ok(Some(AccountView {
                account,
                pending_email: links::find_pending_email(conn, id)?,
                password_changed_at: dates.password_changed_at,
                has_second_factor: dates.totp_confirmed_at.is_some(),
            }))
        });
        Ok(view.await?)
    }
}

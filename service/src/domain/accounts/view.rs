//! One's own account, as its owner sees it.
use super::Accounts;
use super::outcome::AccountError;
use crate::db::accounts::{self, AccountRow};
use crate::db::accounts::{credentials, links};
use crate::domain::sessions::caller::SignedIn;
use chrono::{DateTime, Utc};

/// What an account's owner sees of it. Nothing in it proves who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// The account.
    pub account: AccountRow,
    /// The address that waits for its proof.
    pub pending_email: Option<String>,
    /// When the password was given.
    pub password_changed_at: Option<DateTime<Utc>>,
    /// Whether signing in takes a second factor.
    pub has_second_factor: bool,
}

impl Accounts {
    /// One's own account; `None`: it was deleted a moment ago.
    pub async fn view(&self, who: &SignedIn) -> Result<Option<AccountView>, AccountError> {
        let id = who.account();
        let view = self.0.db.run("find_account_view", move |conn| {
            let Some(account) = accounts::find(conn, id)? else {
                return Ok(None);
            };
            let dates = credentials::find_dates(conn, id)?;
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

//! Accounts as administrators manage them: look-up and query here, changes in `changes`.

/// Creating, updating, deleting, restoring and inviting users.
pub mod changes;

/// Ending sessions and removing a lost second factor.
pub mod protection;

/// Encrypted pagination cursors.
pub mod cursor;

/// Errors of these operations.
pub mod error;

use super::page::Page;
use super::sessions::caller::Admin;
use crate::crypto::data_keys::DataKeys;
use crate::db::Db;
use crate::db::accounts;
pub use crate::db::accounts::AccountRow;
pub use crate::db::users::list::UserFilter;
use crate::db::users::list::{self, UsersPage};
use crate::types::account::AccountId;
use crate::types::search_key::wanted_part;
use crate::types::user_sort::UserSort;
use error::UserError;
use std::sync::Arc;

/// The operations of administrators. Cheap to clone.
#[derive(Clone)]
pub struct Users(Arc<Parts>);

struct Parts {
    db: Db,
    key: DataKeys,
}

/// Which users to list, and how.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// By state.
    pub filter: UserFilter,
    /// Only those whose address or name contains this text, ignoring case.
    pub text: Option<String>,
    /// The order.
    pub sort: UserSort,
    /// The cursor to continue after: `next` of the previous page.
    pub after: Option<String>,
    /// Maximum number of users.
    pub limit: u32,
}

impl Users {
    /// Over the accounts login's connections.
    pub fn new(db: Db, key: DataKeys) -> Self {
        Self(Arc::new(Parts { db, key }))
    }

    /// Sensitive operations need a recent proof of the administrator's credentials.
    fn require_proof(admin: &Admin) -> Result<(), UserError> {
        let is_proven = admin.signed_in().is_recently_proven();
        is_proven.then_some(()).ok_or(UserError::ProofRequired)
    }

    /// A user that is not deleted.
    pub async fn get(&self, _admin: &Admin, id: AccountId) -> Result<AccountRow, UserError> {
        let find = move |conn: &mut _| accounts::find(conn, id);
        let found = self.0.db.run("find_user", find).await?;
        found.ok_or(UserError::NotFound)
    }

    /// A page of users.
    pub async fn list(&self, _admin: &Admin, query: UserQuery) -> Result<Page<AccountRow>, UserError> {
        let Parts { db, key } = &*self.0;
        let (sort, limit) = (query.sort, query.limit);
        let after = match &query.after {
            Some(text) => Some(cursor::open(key, sort, text).ok_or(UserError::InvalidCursor)?),
            None => None,
        };
        let page = UsersPage {
            filter: query.filter,
            text: query.text.as_deref().map(wanted_part),
            sort,
            after,
            limit: i64::from(limit) + 1,
        };
        let rows = list::list(db, page).await?;
        Ok(Page::from_rows(rows, limit, |row| {
            cursor::seal(key, sort, row).unwrap_or_default()
        }))
    }
}

//! Accounts seen from administrators: found and listed here; changed in `changes`.

/// Making, changing, deleting, restoring, inviting again.
pub mod changes;

/// Where the next page begins.
pub mod cursor;

/// Why nothing came of it.
pub mod outcome;

use super::page::Page;
use super::sessions::caller::Admin;
use crate::crypto::data_key::DataKey;
use crate::db::Db;
use crate::db::accounts;
pub use crate::db::accounts::AccountRow;
use crate::db::users::list;
use crate::db::users::list::UsersPage;
pub use crate::db::users::list::Which;
use crate::types::account::AccountId;
use crate::types::user_sort::UserSort;
use outcome::UserError;
use std::sync::Arc;

/// Everybody's accounts, for administrators. Cheap to clone.
#[derive(Clone)]
pub struct Users(Arc<Parts>);

struct Parts {
    db: Db,
    key: DataKey,
}

/// Which users are wanted, and how.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Which.
    pub which: Which,
    /// Only those whose address or name holds this text, in any case.
    pub text: Option<String>,
    /// The order.
    pub sort: UserSort,
    /// Only those behind this place: the `next` of the page before.
    pub after: Option<String>,
    /// How many at the most.
    pub limit: u32,
}

impl Users {
    /// Over the login for accounts.
    pub fn new(db: Db, key: DataKey) -> Self {
        Self(Arc::new(Parts { db, key }))
    }

    /// A living account.
    pub async fn get(&self, _admin: &Admin, id: AccountId) -> Result<AccountRow, UserError> {
        let find = move |conn: &mut _| accounts::find(conn, id);
        let found = self.0.db.run("find_user", find).await?;
        found.ok_or(UserError::Missing)
    }

    /// A page of accounts.
    pub async fn list(&self, _admin: &Admin, listing: Listing) -> Result<Page<AccountRow>, UserError> {
        let Parts { db, key } = &*self.0;
        let (sort, limit) = (listing.sort, listing.limit);
        let after = match &listing.after {
            Some(text) => Some(cursor::open(key, sort, text).ok_or(UserError::BadCursor)?),
            None => None,
        };
        let page = UsersPage {
            which: listing.which,
            text: listing.text,
            sort,
            after,
            limit: i64::from(limit) + 1,
        };
        let rows = list::list(db, page).await?;
        Ok(Page::of(rows, limit, |row| {
            cursor::seal(key, sort, row).unwrap_or_default()
        }))
    }
}

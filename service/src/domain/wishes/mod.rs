//! Wishes: each is its owner's alone. To anybody else, an administrator too, it is not there.
use super::StorageError;
use super::page::Page;
use super::sessions::caller::SignedIn;
use crate::db::Db;
use crate::db::wishes;
pub use crate::db::wishes::{Changed, WishChange, WishRow};
use crate::types::clock;
use crate::types::version_precondition::VersionPrecondition;
use crate::types::wish::{WishId, WishNote, WishTitle};

/// How many wishes somebody may have.
pub const MOST: u32 = 1000;

/// What became of a new wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is there.
    Made(WishRow),
    /// There are [`MOST`] already.
    TooMany,
}

/// Which wishes are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    #[default]
    All,
    /// Those that have not come true.
    Open,
    /// Those that have.
    Done,
}

/// What a wish is to be; `None`: as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What is wished for.
    pub title: Option<WishTitle>,
    /// More about it.
    pub note: Option<WishNote>,
    /// Whether it has come true.
    pub done: Option<bool>,
}

/// Everybody's wishes. Cheap to clone.
#[derive(Clone)]
pub struct Wishes {
    db: Db,
}

impl Wishes {
    /// Over the login for wishes.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Somebody's wishes behind one of them, newest first.
    pub async fn list(
        &self,
        owner: &SignedIn,
        which: Which,
        after: Option<WishId>,
        limit: u32,
    ) -> Result<Page<WishRow>, StorageError> {
        let done = match which {
            Which::All => None,
            Which::Open => Some(false),
            Which::Done => Some(true),
        };
        let rows = wishes::list(&self.db, owner.account(), done, after, i64::from(limit) + 1).await?;
        Ok(Page::of(rows, limit, |wish| wish.id.to_string()))
    }

    /// Somebody's wish.
    pub async fn find(&self, owner: &SignedIn, id: WishId) -> Result<Option<WishRow>, StorageError> {
        wishes::find(&self.db, owner.account(), id).await
    }

    /// A new wish of somebody.
    pub async fn create(
        &self,
        owner: &SignedIn,
        title: WishTitle,
        note: WishNote,
    ) -> Result<Created, StorageError> {
        let (title, note) = (title.as_str().to_owned(), note.as_str().to_owned());
        let made = wishes::insert(&self.db, owner.account(), title, note, i64::from(MOST)).await?;
        Ok(made.map_or(Created::TooMany, Created::Made))
    }

    /// Changes a wish of somebody, if it is still the version that they have read.
    pub async fn update(
        &self,
        owner: &SignedIn,
        id: WishId,
        expected: VersionPrecondition,
        change: Change,
    ) -> Result<Changed, StorageError> {
        let wanted = WishChange {
            title: change.title.map(|title| title.as_str().to_owned()),
            note: change.note.map(|note| note.as_str().to_owned()),
            done: change.done,
        };
        wishes::update(&self.db, owner.account(), id, expected, wanted, clock::now()).await
    }

    /// Deletes a wish of somebody, if it is still the version that they have read.
    pub async fn delete(
        &self,
        owner: &SignedIn,
        id: WishId,
        expected: VersionPrecondition,
    ) -> Result<Changed, StorageError> {
        wishes::delete(&self.db, owner.account(), id, expected).await
    }
}

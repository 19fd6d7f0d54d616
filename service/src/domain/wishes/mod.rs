//! Wishes. Each is private to its owner; for other users, administrators included, it does not exist.

use super::StorageError;
use super::page::Page;
use super::sessions::caller::SignedIn;
use crate::db::Db;
use crate::db::wishes;
pub use crate::db::wishes::{ChangeOutcome, WishChange, WishRow};
use crate::types::clock;
use crate::types::version_precondition::VersionPrecondition;
use crate::types::wish::{WishId, WishNote, WishTitle};

/// Maximum number of wishes per account.
pub const MAX_WISHES: u32 = 1000;

/// The result of creating a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It is created.
    Created(WishRow),
    /// The account has [`MAX_WISHES`] already.
    TooMany,
}

/// Which wishes to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    #[default]
    All,
    /// Those not marked as done.
    Open,
    /// Those marked as done.
    Done,
}

/// A change of a wish; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The title.
    pub title: Option<WishTitle>,
    /// The note.
    pub note: Option<WishNote>,
    /// Whether it is done.
    pub done: Option<bool>,
}

/// The operations on wishes. Cheap to clone.
#[derive(Clone)]
pub struct Wishes {
    db: Db,
}

impl Wishes {
    /// Over the wishes login's connections.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// An owner's wishes after one of them, newest first.
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
        let rows = wishes::list(&self.db, owner.account(), done, after, limit as usize + 1).await?;
        Ok(Page::from_rows(rows, limit, |wish| wish.id.to_string()))
    }

    /// An owner's wish.
    pub async fn find(&self, owner: &SignedIn, id: WishId) -> Result<Option<WishRow>, StorageError> {
        wishes::find(&self.db, owner.account(), id).await
    }

    /// Creates a wish.
    pub async fn create(
        &self,
        owner: &SignedIn,
        title: WishTitle,
        note: WishNote,
    ) -> Result<CreateOutcome, StorageError> {
        let (title, note) = (title.as_str().to_owned(), note.as_str().to_owned());
        let created = wishes::insert(&self.db, owner.account(), title, note, i64::from(MAX_WISHES)).await?;
        Ok(created.map_or(CreateOutcome::TooMany, CreateOutcome::Created))
    }

    /// Changes a wish if its version meets the precondition.
    pub async fn update(
        &self,
        owner: &SignedIn,
        id: WishId,
        expected: VersionPrecondition,
        change: Change,
    ) -> Result<ChangeOutcome, StorageError> {
        let wanted = WishChange {
            title: change.title.map(|title| title.as_str().to_owned()),
            note: change.note.map(|note| note.as_str().to_owned()),
            done: change.done,
        };
        wishes::update(&self.db, owner.account(), id, expected, wanted, clock::now()).await
    }

    /// Deletes a wish if its version meets the precondition.
    pub async fn delete(
        &self,
        owner: &SignedIn,
        id: WishId,
        expected: VersionPrecondition,
    ) -> Result<ChangeOutcome, StorageError> {
        wishes::delete(&self.db, owner.account(), id, expected).await
    }
}

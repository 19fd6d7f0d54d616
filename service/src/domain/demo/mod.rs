//! The demo: something to fill and to empty, for those who try the service out.
use super::StorageError;
use crate::db::Db;
use crate::db::demo;
use rand::distr::{Alphanumeric, SampleString};

/// Letters and digits of an entry.
const LENGTH: usize = 10;

/// The demo's entries. Cheap to clone.
#[derive(Clone)]
pub struct Demo {
    db: Db,
}

impl Demo {
    /// Over the login for the demo.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Adds an entry of random letters and digits; the entry.
    pub async fn populate(&self) -> Result<String, StorageError> {
        let data = Alphanumeric.sample_string(&mut rand::rng(), LENGTH);
        demo::insert(&self.db, data.clone()).await?;
        Ok(data)
    }

    /// Deletes all entries; how many there were.
    pub async fn delete(&self) -> Result<usize, StorageError> {
        demo::delete_all(&self.db).await
    }
}

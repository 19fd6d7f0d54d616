//! Demo entries: data to create and delete when trying the service out.

use super::StorageError;
use crate::db::Db;
use crate::db::demo;
use rand::distr::{Alphanumeric, SampleString};

/// Length of an entry in characters.
const LENGTH: usize = 10;

/// The demo's entries. Cheap to clone.
#[derive(Clone)]
pub struct Demo {
    db: Db,
}

impl Demo {
    /// Over the demo login's connections.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Adds an entry of random letters and digits, and returns it.
    pub async fn populate(&self) -> Result<String, StorageError> {
        let data = Alphanumeric.sample_string(&mut rand::rng(), LENGTH);
        demo::insert(&self.db, data.clone()).await?;
        Ok(data)
    }

    /// Deletes all entries; returns their number.
    pub async fn delete(&self) -> Result<usize, StorageError> {
        demo::delete_all(&self.db).await
    }
}

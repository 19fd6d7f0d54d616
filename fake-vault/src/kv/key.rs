//! One key of the engine `kv`: its versions and metadata.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::clock;

/// A key.
#[derive(Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) versions: BTreeMap<u64, Version>,
    pub(super) current_version: u64,
    pub(super) oldest_version: u64,
    pub(super) metadata_version: u64,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) custom_metadata: Value,
    pub(super) max_versions: u64,
    pub(super) cas_required: bool,
    /// As it was given.
    pub(super) delete_version_after: String,
}

/// One of its versions.
#[derive(Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) data: Value,
    pub(super) created: DateTime<Utc>,
    pub(super) deleted: Option<DateTime<Utc>>,
    pub(super) is_destroyed: bool,
}

impl Key {
    pub(super) fn new(now: DateTime<Utc>) -> Key {
        Key {
            versions: BTreeMap::new(),
            current_version: 0,
            oldest_version: 0,
            metadata_version: 0,
            created: now,
            updated: now,
            custom_metadata: Value::Null,
            max_versions: 0,
            cas_required: false,
            delete_version_after: "0s".to_owned(),
        }
    }

    /// Removes the oldest versions above the limit.
    pub(super) fn prune(&mut self, limit: u64) {
        while self.versions.len() as u64 > limit {
            self.versions.pop_first();
            self.oldest_version = self.versions.keys().next().copied().unwrap_or_default();
        }
    }

    pub(super) fn metadata(&self) -> Value {
        let versions: Map<String, Value> = self
            .versions
            .iter()
            .map(|(number, version)| (number.to_string(), version.times()))
            .collect();
        json!({
            "cas_required": self.cas_required,
            "created_time": clock::nanoseconds(self.created),
            "current_metadata_version": self.metadata_version,
            "current_version": self.current_version,
            "custom_metadata": self.custom_metadata,
            "delete_version_after": self.delete_version_after,
            "max_versions": self.max_versions,
            "metadata_cas_required": false,
            "oldest_version": self.oldest_version,
            "updated_time": clock::nanoseconds(self.updated),
            "versions": versions,
        })
    }
}

impl Version {
    pub(super) fn times(&self) -> Value {
        json!({
            "created_time": clock::nanoseconds(self.created),
            "deletion_time": self.deleted.map_or(String::new(), clock::nanoseconds),
            "destroyed": self.is_destroyed,
        })
    }

    pub(super) fn metadata(&self, number: u64, custom_metadata: &Value) -> Value {
        let mut metadata = self.times();
        metadata["custom_metadata"] = custom_metadata.clone();
        metadata["version"] = json!(number);
        metadata
    }
}

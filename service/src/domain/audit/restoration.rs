//! Records in a restored audit log from which backup it was restored, as its first event after those of the backup.

use crate::db::audit::{self, Event};
use crate::db::{Db, PgConnection};
use crate::domain::StorageError;
use crate::types::client_info::ClientInfo;
use crate::types::event_hash::EventHash;
use serde_json::json;
use std::fmt;

/// The name of a backup: 1 to 100 letters, digits, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupName(String);

impl BackupName {
    /// Maximum length in characters.
    const MAX_LENGTH: usize = 100;

    /// Parses a name.
    pub fn parse(text: &str) -> Option<Self> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let is_name = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.chars().all(is_allowed);
        is_name.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The backup that was restored.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// Its name.
    pub backup: BackupName,
    /// SHA-256 of its file, in hexadecimal like the hashes of events.
    pub digest: EventHash,
    /// The hash of the last event in it.
    pub head: EventHash,
}

/// Appends the event. False: the log does not end with the last event of the backup, and nothing was changed.
pub async fn record(db: &Db, restoration: Restoration, client: &ClientInfo) -> Result<bool, StorageError> {
    let client = client.clone();
    let append = move |conn: &mut PgConnection| {
        let event = Event {
            actor: None,
            action: "database.restored",
            subject: format!("backup:{}", restoration.backup),
            client: &client,
            detail: json!({ "sha256": restoration.digest.to_string() }),
        };
        audit::append_after(conn, restoration.head, &event)
    };
    db.tx("record_restoration", append).await
}

#[cfg(test)]
mod tests {
    use super::BackupName;

    #[test]
    fn a_name_fits_on_a_line_and_into_a_path() {
        for good in ["portcullis-2026-11-30T09-00-00Z", "a", "x_1.dump"] {
            assert!(BackupName::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a b", "a/b", "a\nb", "ä", &"a".repeat(101)] {
            assert!(BackupName::parse(bad).is_none(), "{bad:?}");
        }
    }
}

//! RustSec's advisory database as one run has it, and when it is too old; fetches nothing and judges no package.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::scan_result::Database;

/// A database with fewer entries is broken: there were 1,225 in 2026.
pub const LEAST: u64 = 1000;

/// Older than this it says nothing about today.
const MOST_DAYS: i64 = 90;

/// A clone for this run.
#[derive(Debug, Clone)]
pub struct Advisories {
    /// The clone.
    pub clone: PathBuf,
    /// The folder that it is in.
    pub above: PathBuf,
    /// Its date, revision and size.
    pub database: Database,
    /// What could not be done, though there is one.
    pub limits: Vec<String>,
}

impl Advisories {
    /// Why it says nothing about today, when its newest commit is too old. A clone's own file times are no matter: they
    /// are always of today.
    pub fn outdated(&self, now: DateTime<Utc>) -> Option<String> {
        let date = DateTime::parse_from_rfc3339(&self.database.date).ok()?;
        let days = now.signed_duration_since(date).num_days();
        (days > MOST_DAYS).then(|| {
            format!(
                "nothing is known in an advisory database of {days} days ago, but at most {MOST_DAYS} are allowed; see \
                 --advisory-db"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_counts_for_ninety_days_from_its_newest_commit() {
        let advisories = Advisories {
            clone: PathBuf::new(),
            above: PathBuf::new(),
            database: Database {
                name: "RustSec advisory-db".to_owned(),
                date: "2026-08-20T23:28:40-07:00".to_owned(),
                revision: "abc".to_owned(),
                entries: 1225,
            },
            limits: Vec::new(),
        };
        let on = |day: &str| advisories.outdated(day.parse().unwrap());
        assert_eq!(on("2026-11-19T06:00:00Z"), None);
        let why = on("2026-11-21T07:00:00Z").unwrap();
        assert!(why.contains("92 days"), "{why}");
    }
}

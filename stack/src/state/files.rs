//! The JSON files of a state directory: what runs, and which data is loaded. They hold no secrets.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;
use harness::{checksum, json_file};
use private_postgres::processes::Identity;
use serde::{Deserialize, Serialize};

use crate::state::State;

const RUNNING: &str = "running.json";
const LOADED: &str = "loaded.json";

/// The service that `up` started. PostgreSQL is found through its data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub service: Option<Identity>,
    pub port: u16,
    /// Whether it was left running on purpose.
    pub detached: bool,
}

impl Running {
    /// Written by the last `up`; `None` when it stopped in order.
    pub fn read(state: &State) -> Option<Running> {
        json_file::read(&state.file(RUNNING))
    }

    pub fn write(&self, state: &State) -> Result<()> {
        json_file::write(&state.file(RUNNING), self)
    }

    pub fn delete(state: &State) {
        let _there_may_be_none = fs::remove_file(state.file(RUNNING));
    }

    /// The service, if exactly that process still runs.
    pub fn alive(&self) -> Option<&Identity> {
        self.service.as_ref().filter(|service| service.is_alive())
    }
}

/// The data in one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// Shown in messages.
    pub name: String,
    /// SHA-256 of the file.
    pub digest: String,
    pub complete: bool,
}

impl Loaded {
    /// A file's name and digest, not loaded yet.
    pub fn of(name: &str, file: &Path) -> Result<Loaded> {
        Ok(Loaded {
            name: name.to_owned(),
            digest: checksum::of_file(file)?,
            complete: false,
        })
    }

    /// The data in this database (the private one is called `private`).
    pub fn read(state: &State, database: &str) -> Option<Loaded> {
        json_file::read::<BTreeMap<String, Loaded>>(&state.file(LOADED))?.remove(database)
    }

    pub fn write(&self, state: &State, database: &str) -> Result<()> {
        let file = state.file(LOADED);
        let mut all: BTreeMap<String, Loaded> = json_file::read(&file).unwrap_or_default();
        all.insert(database.to_owned(), self.clone());
        json_file::write(&file, &all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let state = State::at(Some(directory.path()), Path::new("/")).unwrap();
        state.create().unwrap();
        fs::write(state.file("dump"), "abc").unwrap();
        let loaded = Loaded::of("demo data", &state.file("dump")).unwrap();
        assert!(loaded.digest.starts_with("ba7816bf"), "SHA-256 of abc");
        assert_eq!(Loaded::read(&state, "private"), None);
        loaded.write(&state, "private").unwrap();
        assert_eq!(Loaded::read(&state, "private"), Some(loaded));
        assert_eq!(Loaded::read(&state, "db:5432"), None, "another database");

        let me = Identity::of(i32::try_from(std::process::id()).unwrap());
        let running = Running {
            service: me,
            port: 3000,
            detached: true,
        };
        running.write(&state).unwrap();
        assert!(Running::read(&state).unwrap().alive().is_some());
        Running::delete(&state);
        assert_eq!(Running::read(&state), None);
    }

    #[test]
    fn another_process_with_the_same_pid_is_not_the_service() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let service = Some(Identity {
            pid,
            started: "another time".into(),
        });
        let running = Running {
            service,
            port: 3000,
            detached: true,
        };
        assert_eq!(running.alive(), None);
    }
}

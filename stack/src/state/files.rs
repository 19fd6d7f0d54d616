//! What a state directory remembers from run to run: what runs, and which data was loaded; never a secret.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use harness::checksum;
use private_postgres::processes::Identity;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::state::State;

const RUNNING: &str = "running.json";
const LOADED: &str = "loaded.json";

/// The service that `up` started. PostgreSQL is found through its data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The service's process.
    pub service: Option<Identity>,
    /// Where it listens.
    pub port: u16,
    /// Was it left running on purpose?
    pub detached: bool,
}

impl Running {
    /// What the last `up` wrote down; `None` when it stopped in order.
    pub fn read(state: &State) -> Option<Running> {
        read(&state.file(RUNNING))
    }

    /// Writes it down.
    pub fn write(&self, state: &State) -> Result<()> {
        write(&state.file(RUNNING), self)
    }

    /// Nothing runs any more.
    pub fn forget(state: &State) {
        let _there_may_be_none = fs::remove_file(state.file(RUNNING));
    }

    /// Its service, if that very process still lives.
    pub fn alive(&self) -> Option<&Identity> {
        self.service.as_ref().filter(|service| service.is_alive())
    }
}

/// The data in one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// What a person calls it.
    pub name: String,
    /// SHA-256 of the file.
    pub digest: String,
    /// Did the load come to its end?
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

    /// What was loaded into this database (our own one has the name `private`).
    pub fn read(state: &State, database: &str) -> Option<Loaded> {
        read::<BTreeMap<String, Loaded>>(&state.file(LOADED))?.remove(database)
    }

    /// Writes it down.
    pub fn write(&self, state: &State, database: &str) -> Result<()> {
        let file = state.file(LOADED);
        let mut all: BTreeMap<String, Loaded> = read(&file).unwrap_or_default();
        all.insert(database.to_owned(), self.clone());
        write(&file, &all)
    }
}

fn read<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// Whole or not at all.
fn write(file: &Path, value: &impl Serialize) -> Result<()> {
    let part = file.with_extension("part");
    fs::write(&part, serde_json::to_vec_pretty(value)?)
        .and_then(|()| fs::rename(&part, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers() {
        let directory = std::env::temp_dir().join(format!("xtask-record-{}", std::process::id()));
        let state = State::at(Some(&directory), Path::new("/")).unwrap();
        state.create().unwrap();
        fs::write(state.file("dump"), "abc").unwrap();
        let loaded = Loaded::of("demo data", &state.file("dump")).unwrap();
        assert!(loaded.digest.starts_with("ba7816bf"), "SHA-256 of abc");
        assert_eq!(Loaded::read(&state, "private"), None);
        loaded.write(&state, "private").unwrap();
        assert_eq!(Loaded::read(&state, "private"), Some(loaded));
        assert_eq!(
            Loaded::read(&state, "db:5432"),
            None,
            "another database knows nothing of it"
        );

        let me = Identity::of(i32::try_from(std::process::id()).unwrap());
        let running = Running {
            service: me,
            port: 3000,
            detached: true,
        };
        running.write(&state).unwrap();
        assert!(Running::read(&state).unwrap().alive().is_some());
        Running::forget(&state);
        assert_eq!(Running::read(&state), None);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_stranger_with_the_same_pid_is_not_ours() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let service = Some(Identity {
            pid,
            started: "another time".into(),
        });
        assert_eq!(
            Running {
                service,
                port: 3000,
                detached: true
            }
            .alive(),
            None
        );
    }
}

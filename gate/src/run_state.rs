//! State that all gates of a run share: the tree, the tools, the secrets to redact, the start time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use chrono::{DateTime, Utc};
use harness::context::Context;
use tools::find::{self, Program};
use tools::table;

use crate::config::Config;
use crate::gates::rustsec::advisories::Advisories;
use crate::profile::GateProfile;
use crate::redaction::Redactor;
use crate::scan_result::ScanError;
use crate::snapshot::Snapshot;

/// The options of a run that gates need.
#[derive(Debug, Clone)]
pub struct RunOptions {
    pub profile: GateProfile,
    /// A clone or bundle of RustSec's advisory database; fetched if `None`.
    pub advisory_db: Option<PathBuf>,
    /// Nothing is fetched or installed.
    pub offline: bool,
}

pub struct RunState<'a> {
    pub context: &'a Context,
    pub options: RunOptions,
    pub config: Config,
    pub snapshot: Snapshot,
    /// A folder outside the repository, removed after the run.
    pub scratch: PathBuf,
    pub began: DateTime<Utc>,
    /// RustSec's advisory database, cloned by the first gate that needs it.
    pub advisories: OnceLock<Result<Advisories, ScanError>>,
    /// The versions of the compiler and the formatter, read by the first gate that needs them.
    pub compiler: OnceLock<String>,
    secrets: Mutex<Vec<String>>,
    programs: Mutex<BTreeMap<String, Result<Program, String>>>,
}

impl<'a> RunState<'a> {
    pub fn new(
        context: &'a Context,
        options: RunOptions,
        config: Config,
        snapshot: Snapshot,
        scratch: PathBuf,
        began: DateTime<Utc>,
    ) -> Self {
        Self {
            context,
            options,
            config,
            snapshot,
            scratch,
            began,
            advisories: OnceLock::new(),
            compiler: OnceLock::new(),
            secrets: Mutex::default(),
            programs: Mutex::default(),
        }
    }

    /// Redacts this from everything that is stored from now on.
    pub fn register_secret(&self, secret: impl Into<String>) {
        locked(&self.secrets).push(secret.into());
    }

    /// For all secrets that are registered now.
    pub fn redactor(&self) -> Redactor {
        Redactor::of(locked(&self.secrets).iter().cloned())
    }

    /// A tool's program, searched for once.
    pub fn program(&self, name: &str) -> Result<Program, ScanError> {
        let known = locked(&self.programs).get(name).cloned();
        let found = match known {
            Some(found) => found,
            None => {
                let found = find::find(self.context, &table::get(name)?)?;
                locked(&self.programs).insert(name.to_owned(), found.clone());
                found
            }
        };
        found.map_err(ScanError::ToolMissing)
    }

    /// Lets the next [`RunState::program`] search again, after an installation.
    pub fn forget_program(&self, name: &str) {
        locked(&self.programs).remove(name);
    }

    /// Records why a tool could not be installed.
    pub fn record_missing(&self, name: &str, why: String) {
        locked(&self.programs).insert(name.to_owned(), Err(why));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What all gates of one run share: the tree, the tools, the secrets to take out, the day; runs no gate.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

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

/// What a run was options for, as far as gates need it.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Who runs.
    pub profile: GateProfile,
    /// A clone or bundle of RustSec's advisory database.
    pub advisory_db: Option<PathBuf>,
    /// May anything be fetched or installed?
    pub offline: bool,
}

/// Handed to every gate.
pub struct Shared<'a> {
    /// Settings and the stop flag.
    pub context: &'a Context,
    /// What was options for.
    pub options: RunOptions,
    /// What must be known of the repository.
    pub config: Config,
    /// The tree.
    pub snapshot: Snapshot,
    /// A folder outside of the repository, gone after the run.
    pub scratch: PathBuf,
    /// When the run began.
    pub began: DateTime<Utc>,
    /// RustSec's advisory database, cloned by the first gate that asks.
    pub advisories: OnceLock<Result<Advisories, ScanError>>,
    /// Which compiler and which formatter there are, options by the first gate that wants to know.
    pub compiler: OnceLock<String>,
    secrets: Mutex<Vec<String>>,
    programs: Mutex<BTreeMap<String, Result<Program, String>>>,
}

impl<'a> Shared<'a> {
    /// The beginning of a run.
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

    /// From now on this is taken out of whatever is kept.
    pub fn register_secret(&self, secret: impl Into<String>) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.push(secret.into());
    }

    /// ResourceClass out every secret that is known by now.
    pub fn redactor(&self) -> Redactor {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        Redactor::of(secrets.iter().cloned())
    }

    /// A tool's program, looked for once.
    pub fn program(&self, name: &str) -> Result<Program, ScanError> {
        let known = |programs: &BTreeMap<String, Result<Program, String>>| programs.get(name).cloned();
        let lock = || self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known(&lock());
        let found = match found {
            Some(found) => found,
            None => {
                let tool = table::get(name)?;
                let found = find::find(self.context, &tool)?;
                lock().insert(name.to_owned(), found.clone());
                found
            }
        };
        found.map_err(ScanError::ToolMissing)
    }

    /// Looks for a tool again, after it was installed or could not be.
    pub fn forget_program(&self, name: &str) {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs.remove(name);
    }

    /// Why a tool is not there, when it could not be installed.
    pub fn record_missing(&self, name: &str, why: String) {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs.insert(name.to_owned(), Err(why));
    }
}

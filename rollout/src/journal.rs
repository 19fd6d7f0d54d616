//! The journal: a JSON file per environment from which an interrupted deploy resumes, another of a plan that waits for its approval, and the
//! lock that admits one deploy at a time.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, Utc};
use harness::{checksum, clock};
use serde::{Deserialize, Serialize};

use crate::machine::{Deploy, Fact, State};

/// The version of the journal's form.
pub const SCHEMA: &str = "1";

/// Everything that a deploy needs to continue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// The version of this form.
    pub schema: String,
    /// The environment's name.
    pub environment: String,
    /// The image, by digest.
    pub image: String,
    /// The commit that the image and its report are of.
    pub commit: String,
    /// The suffix of the new revision.
    pub suffix: String,
    /// Terraform's outputs.
    pub target: Target,
    /// What the plan changes of the app as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub app_changes: Vec<String>,
    /// The state machine.
    #[serde(flatten)]
    pub deploy: Deploy,
    /// Every state with its time, oldest first.
    pub events: Vec<Event>,
}

/// The names of the resources that the deploy works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The resource group.
    pub resource_group: String,
    /// The container app.
    pub app: String,
    /// The job that runs migrations.
    pub job: String,
}

/// One transition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// The state that was reached.
    pub state: String,
    /// The reason of a failure or rollback.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

impl Journal {
    /// The new revision's name.
    pub fn new_revision(&self) -> String {
        format!("{}--{}", self.target.app, self.suffix)
    }

    /// For readers: what takes effect for the old revision, too; nothing if the plan has no such change.
    pub fn app_changes_line(&self) -> Option<String> {
        let list = self.app_changes.join("\n  ");
        let text = "for every revision at once, and not undone by a rollback:";
        (!list.is_empty()).then(|| format!("{text}\n  {list}"))
    }

    /// Fails unless the plan's file is the one that was approved, or is to be.
    ///
    /// # Errors
    /// Also when there is no file.
    pub fn ensure_plan(&self, folder: &Folder) -> Result<()> {
        let plan = folder.plan();
        ensure!(
            checksum::of_file(&plan)? == self.deploy.plan_sha256,
            "{} is not the plan that was approved: plan again",
            plan.display()
        );
        Ok(())
    }

    /// Notes a fact: the next state is on the disk before anything is done about it.
    ///
    /// # Errors
    /// When the fact does not belong to the state, or the journal cannot be written.
    pub fn record(&mut self, fact: Fact, folder: &Folder) -> Result<()> {
        let reason = match &fact {
            Fact::ActionFailed { reason }
            | Fact::RollbackRequested { reason }
            | Fact::TrafficReturned { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        let deploy = self.deploy.next(fact)?;
        if deploy == self.deploy && reason.is_none() {
            return Ok(());
        }
        self.deploy = deploy;
        self.note(reason);
        self.write(folder)
    }

    /// Adds the present state to the events.
    pub fn note(&mut self, reason: Option<String>) {
        self.events.push(Event {
            at: clock::now(),
            state: self.deploy.state.name().to_owned(),
            reason,
        });
    }

    /// The journal of the plan that is to be approved, or else of the last deploy of the environment, if there is one.
    ///
    /// # Errors
    /// When it cannot be read, or is of another form: a deploy may be in progress.
    pub fn find(folder: &Folder) -> Result<Option<Journal>> {
        match Journal::find_in(&folder.planned())? {
            Some(planned) => Ok(Some(planned)),
            None => Journal::find_deployed(folder),
        }
    }

    /// The journal of the last deploy that was approved. A plan does not replace it: the deploy can still be rolled back.
    ///
    /// # Errors
    /// As [`Journal::find`].
    pub fn find_deployed(folder: &Folder) -> Result<Option<Journal>> {
        Journal::find_in(&folder.journal())
    }

    fn find_in(file: &Path) -> Result<Option<Journal>> {
        let text = match fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        let journal: Journal = serde_json::from_slice(&text)
            .with_context(|| format!("{} is damaged, or of another version", file.display()))?;
        ensure!(
            journal.schema == SCHEMA,
            "{} is of another version of this program",
            file.display()
        );
        Ok(Some(journal))
    }

    /// As [`Journal::find`].
    ///
    /// # Errors
    /// When there is none, or it is of another form.
    pub fn read(folder: &Folder) -> Result<Journal> {
        Journal::find(folder)?.with_context(|| {
            format!(
                "no deploy in {}: run `cargo xtask deploy plan`",
                folder.path.display()
            )
        })
    }

    /// Writes it completely or not at all, and only returns when it is on the disk. With its approval the plan becomes the last deploy.
    pub fn write(&self, folder: &Folder) -> Result<()> {
        let is_deployed = !matches!(self.deploy.state, State::Planned | State::NothingToDo);
        let file = if is_deployed {
            folder.journal()
        } else {
            folder.planned()
        };
        let part = file.with_extension("part");
        let text = serde_json::to_vec_pretty(self)?;
        File::create(&part)
            .and_then(|mut out| out.write_all(&text).and_then(|()| out.sync_all()))
            .and_then(|()| fs::rename(&part, &file))
            .and_then(|()| {
                if is_deployed && folder.planned().exists() {
                    fs::remove_file(folder.planned())?;
                }
                File::open(&folder.path)?.sync_all()
            })
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

/// The folder of an environment's deploy, locked by this process.
#[derive(Debug)]
pub struct Folder {
    /// `target/deploy/ENVIRONMENT`.
    pub path: PathBuf,
    /// The system releases the lock when no process has the file open any more.
    lock: Option<File>,
}

impl Folder {
    /// Opens it for a command that changes something.
    ///
    /// # Errors
    /// When another process works on the environment.
    pub fn locked(target: &Path, environment: &str) -> Result<Folder> {
        let path = target.join("deploy").join(environment);
        // A plan holds the configuration of the environment.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot create {}", path.display()))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path.join("lock"))?;
        ensure!(
            lock.try_lock().is_ok(),
            "another `cargo xtask deploy` works on {environment}, or a command that it started before it was killed: wait for its end"
        );
        Ok(Folder {
            path,
            lock: Some(lock),
        })
    }

    /// Opens it for a command that only reads.
    pub fn unlocked(target: &Path, environment: &str) -> Folder {
        Folder {
            path: target.join("deploy").join(environment),
            lock: None,
        }
    }

    /// The file that is locked, if it is. Each command inherits it: Terraform survives a killed deploy, and creates its revision later.
    pub(crate) fn lock(&self) -> Option<&File> {
        self.lock.as_ref()
    }

    /// The journal of a plan that was not approved.
    pub fn planned(&self) -> PathBuf {
        self.path.join("planned.json")
    }

    /// Removes the journal of a plan that was not approved: another plan makes it void, whether or not that one succeeds.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn discard_planned(&self) -> Result<()> {
        match fs::remove_file(self.planned()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.planned().display()))
            }
            _ => Ok(()),
        }
    }

    /// The journal of the last deploy.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.json")
    }

    /// The plan that is approved.
    pub fn plan(&self) -> PathBuf {
        self.path.join("plan")
    }

    /// Copies of what proves the image.
    pub fn evidence(&self) -> PathBuf {
        self.path.join("evidence")
    }

    /// The log of all external commands.
    pub fn commands(&self) -> PathBuf {
        self.path.join("commands.jsonl")
    }

    /// The findings of `drift`.
    pub fn drift(&self) -> PathBuf {
        self.path.join("drift.sarif")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_journal_is_an_error() {
        let target = tempfile::tempdir().unwrap();
        let folder = Folder::locked(target.path(), "staging").unwrap();
        assert_eq!(Journal::find(&folder).unwrap(), None);
        fs::write(folder.journal(), "{\"schema\": \"1\"").unwrap();
        let error = Journal::find(&folder).unwrap_err().to_string();
        assert!(error.contains("is damaged"), "{error}");
    }

    /// L10: A plan replaces the journal of the last deploy only with its approval: until then that deploy can be rolled back.
    #[test]
    fn a_plan_replaces_the_last_deploy_with_its_approval() {
        let target = tempfile::tempdir().unwrap();
        let folder = Folder::locked(target.path(), "staging").unwrap();
        let journal = |suffix: &str, state: State| Journal {
            schema: SCHEMA.to_owned(),
            environment: "staging".to_owned(),
            image: String::new(),
            commit: String::new(),
            suffix: suffix.to_owned(),
            target: Target {
                resource_group: "rg".to_owned(),
                app: "app".to_owned(),
                job: "job".to_owned(),
            },
            app_changes: Vec::new(),
            deploy: Deploy {
                state,
                plan_sha256: "0".to_owned(),
                steps: vec![100],
                old: None,
            },
            events: Vec::new(),
        };
        let done = journal("first", State::Done);
        done.write(&folder).unwrap();
        let mut planned = journal("second", State::Planned);
        planned.write(&folder).unwrap();
        assert_eq!(Journal::find(&folder).unwrap().as_ref(), Some(&planned));
        assert_eq!(Journal::find_deployed(&folder).unwrap(), Some(done.clone()));
        folder.discard_planned().unwrap();
        folder.discard_planned().unwrap();
        assert_eq!(Journal::find(&folder).unwrap(), Some(done));
        planned.write(&folder).unwrap();
        let sha256 = "0".to_owned();
        planned.record(Fact::Approved { sha256 }, &folder).unwrap();
        assert_eq!(Journal::find(&folder).unwrap().as_ref(), Some(&planned));
        assert_eq!(Journal::find_deployed(&folder).unwrap(), Some(planned));
    }

    #[test]
    fn two_deploys_of_one_environment_exclude_each_other() {
        let target = tempfile::tempdir().unwrap();
        let first = Folder::locked(target.path(), "staging").unwrap();
        let error = Folder::locked(target.path(), "staging").unwrap_err().to_string();
        assert!(error.contains("another `cargo xtask deploy`"), "{error}");
        Folder::locked(target.path(), "production").unwrap();
        drop(first);
        // A concurrent test may be starting a program, which has this process's files until it runs.
        while Folder::locked(target.path(), "staging").is_err() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

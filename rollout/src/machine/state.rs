//! The states of a deploy, as the journal has them.

use serde::{Deserialize, Serialize};

/// Where a deploy is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// A plan exists and waits for its approval.
    Planned,
    /// The plan differs in nothing from what runs.
    NothingToDo,
    /// This very plan was approved.
    Approved,
    /// All traffic goes to the old revision by its name, so that a new one gets none.
    Pinned,
    /// The migration job has the new image.
    JobUpdated,
    /// The migration is about to be started, or was started by a run that was interrupted. These executions existed before.
    Starting {
        /// Names of executions.
        known: Vec<String>,
    },
    /// The migration runs.
    Migrating {
        /// The name of its execution.
        execution: String,
    },
    /// The migration succeeded. The new revision is about to be created, or a run that was interrupted began to.
    Migrated,
    /// The new revision was created and gets no traffic.
    Released,
    /// The new revision is healthy.
    Healthy,
    /// The smoke test passed on the new revision's own address.
    Smoked,
    /// The new revision has the share of this step and is watched.
    Shifting {
        /// An index of the steps.
        step: usize,
    },
    /// The new revision stayed healthy with the share of this step.
    Watched {
        /// An index of the steps.
        step: usize,
    },
    /// The new revision has all traffic.
    Shifted,
    /// Finished: the new and the old revision are active, no other is.
    Done,
    /// All traffic goes back to the old revision.
    RollingBack {
        /// Why.
        reason: String,
    },
    /// The old revision has all traffic.
    RolledBack {
        /// Why.
        reason: String,
    },
    /// Stopped before the new revision had traffic, or there is no old revision to return to.
    Failed {
        /// Why.
        reason: String,
    },
}

impl State {
    /// Its name, as in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::NothingToDo => "nothing-to-do",
            State::Approved => "approved",
            State::Pinned => "pinned",
            State::JobUpdated => "job-updated",
            State::Starting { .. } => "starting",
            State::Migrating { .. } => "migrating",
            State::Migrated => "migrated",
            State::Released => "released",
            State::Healthy => "healthy",
            State::Smoked => "smoked",
            State::Shifting { .. } => "shifting",
            State::Watched { .. } => "watched",
            State::Shifted => "shifted",
            State::Done => "done",
            State::RollingBack { .. } => "rolling-back",
            State::RolledBack { .. } => "rolled-back",
            State::Failed { .. } => "failed",
        }
    }

    /// Whether the deploy is over.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            State::NothingToDo | State::Done | State::RolledBack { .. } | State::Failed { .. }
        )
    }

    /// Whether the traffic rules name revisions of this deploy, and no other, for as long as its journal is the latest.
    pub fn has_traffic(&self) -> bool {
        !matches!(
            self,
            State::Planned
                | State::NothingToDo
                | State::Approved
                | State::RolledBack { .. }
                | State::Failed { .. }
        )
    }

    /// Whether the new revision exists, or may exist.
    pub(super) fn may_have_new_revision(&self) -> bool {
        matches!(
            self,
            State::Migrated
                | State::Released
                | State::Healthy
                | State::Smoked
                | State::Shifting { .. }
                | State::Watched { .. }
                | State::Shifted
        )
    }
}

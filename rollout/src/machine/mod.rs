//! The deploy as a state machine: states, the action that each calls for, and the state that follows a fact. No input or output.

mod state;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use state::State;

/// What an approved deploy does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Name the old revision in the traffic rules.
    Pin,
    /// Apply the part of the plan that the migration job needs.
    UpdateJob,
    /// List the job's executions.
    ListExecutions,
    /// Start the migration, unless an execution exists that was not listed.
    StartMigration,
    /// Wait for the end of the migration.
    AwaitMigration,
    /// Apply the rest of the plan.
    Release,
    /// Wait until the new revision is healthy.
    AwaitRevision,
    /// Run the smoke test against the new revision's own address.
    Smoke,
    /// Give the new revision the share of this step.
    Shift {
        /// An index of [`Deploy::steps`].
        step: usize,
    },
    /// Watch the new revision's health for a while.
    Watch,
    /// Deactivate revisions other than the old and the new one.
    Retire,
    /// Give all traffic to the old revision, and deactivate the new one.
    RollBack,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A person approved the plan with this SHA-256.
    Approved {
        /// Hexadecimal.
        sha256: String,
    },
    /// This revision has all traffic by name; none on the first deploy.
    Pinned {
        /// Its name.
        old: Option<String>,
    },
    /// The job has the new image.
    JobUpdated,
    /// These executions exist.
    ExecutionsListed {
        /// Their names.
        known: Vec<String>,
    },
    /// The migration was started.
    MigrationStarted {
        /// The name of its execution.
        execution: String,
    },
    /// The migration succeeded.
    MigrationSucceeded,
    /// The whole plan is applied.
    Released,
    /// The new revision is healthy.
    RevisionHealthy,
    /// The smoke test passed.
    SmokePassed,
    /// The new revision has the share of the step.
    TrafficShifted,
    /// The new revision stayed healthy.
    Watched,
    /// No revision other than the old and the new one is active.
    Retired,
    /// The old revision has all traffic.
    RolledBack,
    /// The action of this state failed or exceeded its time limit.
    ActionFailed {
        /// Why.
        reason: String,
    },
    /// An operator wants the old revision.
    RollbackRequested {
        /// Why.
        reason: String,
    },
    /// An operator gave all traffic to a revision, which need not be of this deploy.
    TrafficReturned {
        /// Its name.
        revision: String,
        /// Why.
        reason: String,
    },
}

/// A deploy, as far as its course depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deploy {
    /// Where it is.
    #[serde(flatten)]
    pub state: State,
    /// SHA-256 of the plan that is to be approved.
    pub plan_sha256: String,
    /// The new revision's shares of the traffic in percent, ascending to 100.
    pub steps: Vec<u8>,
    /// The revision that had the traffic before, once it is known; none on the first deploy. After an operator's rollback to another
    /// one it is that.
    pub old: Option<String>,
}

/// A fact that does not belong to the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransitionError {
    /// Another plan was approved.
    OtherPlan,
    /// There is no revision to return to.
    NoOldRevision,
    /// The deploy is over, or has not begun.
    NotPossible(&'static str),
}

impl Deploy {
    /// What is to be done now; none while a person decides, and at the end.
    pub fn action(&self) -> Option<Action> {
        Some(match self.state {
            State::Planned
            | State::NothingToDo
            | State::Done
            | State::RolledBack { .. }
            | State::Failed { .. } => return None,
            State::Approved => Action::Pin,
            State::Pinned => Action::UpdateJob,
            State::JobUpdated => Action::ListExecutions,
            State::Starting { .. } => Action::StartMigration,
            State::Migrating { .. } => Action::AwaitMigration,
            State::Migrated => Action::Release,
            State::Released => Action::AwaitRevision,
            State::Healthy => Action::Smoke,
            State::Smoked => Action::Shift {
                step: self.first_step(),
            },
            State::Shifting { .. } => Action::Watch,
            State::Watched { step } => Action::Shift { step: step + 1 },
            State::Shifted => Action::Retire,
            State::RollingBack { .. } => Action::RollBack,
        })
    }

    /// Whether it was approved and is not over.
    pub fn is_in_progress(&self) -> bool {
        !self.state.is_final() && self.state != State::Planned
    }

    /// The deploy after a fact.
    ///
    /// # Errors
    /// When the fact does not belong to the state. The deploy is unchanged then.
    pub fn next(&self, fact: Fact) -> Result<Deploy, TransitionError> {
        let mut old = self.old.clone();
        let state = match (&self.state, fact) {
            (State::Planned, Fact::Approved { sha256 }) if sha256 == self.plan_sha256 => State::Approved,
            (_, Fact::Approved { sha256 }) if sha256 != self.plan_sha256 => {
                return Err(TransitionError::OtherPlan);
            }
            // The same approval again resumes.
            (state, Fact::Approved { .. }) if !state.is_final() => state.clone(),
            (State::Approved, Fact::Pinned { old: pinned }) => {
                old = pinned;
                State::Pinned
            }
            (State::Pinned, Fact::JobUpdated) => State::JobUpdated,
            (State::JobUpdated, Fact::ExecutionsListed { known }) => State::Starting { known },
            (State::Starting { .. }, Fact::MigrationStarted { execution }) => State::Migrating { execution },
            (State::Migrating { .. }, Fact::MigrationSucceeded) => State::Migrated,
            (State::Migrated, Fact::Released) => State::Released,
            (State::Released, Fact::RevisionHealthy) => State::Healthy,
            (State::Healthy, Fact::SmokePassed) => State::Smoked,
            (State::Smoked, Fact::TrafficShifted) => State::Shifting {
                step: self.first_step(),
            },
            (State::Shifting { step }, Fact::Watched) if step + 1 < self.steps.len() => {
                State::Watched { step: *step }
            }
            (State::Shifting { .. }, Fact::Watched) => State::Shifted,
            (State::Watched { step }, Fact::TrafficShifted) => State::Shifting { step: step + 1 },
            (State::Shifted, Fact::Retired) => State::Done,
            (State::RollingBack { reason }, Fact::RolledBack) => State::RolledBack {
                reason: reason.clone(),
            },
            (state, Fact::ActionFailed { reason }) => self.after_failure(state, reason)?,
            (state, Fact::RollbackRequested { reason }) => self.after_request(state, reason)?,
            (_, Fact::TrafficReturned { revision, reason }) if self.is_in_progress() => {
                old = Some(revision);
                State::RolledBack { reason }
            }
            (state, _) => return Err(TransitionError::NotPossible(state.name())),
        };
        Ok(Deploy {
            state,
            old,
            ..self.clone()
        })
    }

    fn after_failure(&self, state: &State, reason: String) -> Result<State, TransitionError> {
        Ok(match state {
            State::Planned => return Err(TransitionError::NotPossible(state.name())),
            // To be tried again: the new revision serves, or the old one is about to.
            State::Shifted | State::RollingBack { .. } => state.clone(),
            state if state.is_final() => return Err(TransitionError::NotPossible(state.name())),
            state if state.may_have_new_revision() && self.old.is_some() => State::RollingBack { reason },
            _ => State::Failed { reason },
        })
    }

    fn after_request(&self, state: &State, reason: String) -> Result<State, TransitionError> {
        Ok(match state {
            State::RollingBack { .. } => state.clone(),
            State::Done => self.to_old(reason)?,
            state if state.may_have_new_revision() => self.to_old(reason)?,
            state if state.is_final() || *state == State::Planned => {
                return Err(TransitionError::NotPossible(state.name()));
            }
            _ => State::Failed { reason },
        })
    }

    fn to_old(&self, reason: String) -> Result<State, TransitionError> {
        if self.old.is_none() {
            return Err(TransitionError::NoOldRevision);
        }
        Ok(State::RollingBack { reason })
    }

    /// A first deploy takes all traffic at once: no other revision could take the rest.
    fn first_step(&self) -> usize {
        match self.old {
            Some(_) => 0,
            None => self.steps.len().saturating_sub(1),
        }
    }
}

impl fmt::Display for TransitionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransitionError::OtherPlan => {
                out.write_str("the approval is of another plan: run `cargo xtask deploy status`")
            }
            TransitionError::NoOldRevision => out.write_str("there is no earlier revision to return to"),
            TransitionError::NotPossible(state) => {
                write!(
                    out,
                    "not possible: the deploy is in state {state}; `rollback --to REVISION` needs no deploy"
                )
            }
        }
    }
}

impl std::error::Error for TransitionError {}

#[cfg(test)]
mod tests;

//! The steps of a rotation: credentials are renewed, or others are issued and used, and what came of it is logged and measured.

use super::{Rotation, lease_of};
use crate::db::pool::{ConnectError, Draining};
use crate::secrets::logins::{IssueError, IssuedLogin, Validity};
use crate::secrets::vault::Lease;
use crate::startup::login_rotation::former_login;
use crate::startup::login_rotation::schedule::{Reason, Step, next_step, retry_time, step_after_failure};
use std::time::Instant;
use tokio::task::JoinError;

/// What a step has brought.
enum Taken {
    /// Credentials with another end.
    Done,
    /// The password that was there already: Vault has not replaced it yet.
    Overdue,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
enum StepError {
    /// Credentials could not be issued or renewed.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The new credentials do not work.
    #[error("the issued credentials are not usable: {0}")]
    Connect(#[from] ConnectError),
    /// The server refuses a password that Vault has not replaced.
    #[error("the server refuses the password, and Vault has no other one yet")]
    Unchanged,
    /// A bug.
    #[error("{0}")]
    Panicked(#[from] JoinError),
}

impl Rotation {
    /// Takes a step; returns the next one.
    pub(super) async fn take(&mut self, step: Step) -> (Instant, Step) {
        let taken = match step {
            Step::Renew => self.renew().await,
            Step::Replace(reason) => self.replace(reason).await,
        };
        if let Err(error) = &taken {
            self.report(step, error);
        }
        let (now, name) = (Instant::now(), self.login.name);
        let end = self.current_end();
        let validity = self.current.as_ref().map(|current| &current.validity);
        match (taken, validity) {
            (Ok(taken), Some(validity)) => {
                self.has_ended_early = false;
                let (at, next) = next_step(validity, now);
                let at = match taken {
                    Taken::Done => {
                        self.retry.reset();
                        at
                    }
                    Taken::Overdue => at.max(now + self.retry.next_delay()),
                };
                self.context.status.succeeded(name);
                self.context
                    .metrics
                    .computed()
                    .set_login_end(name, validity.later_end());
                if self.reported.take().is_some() {
                    tracing::info!(login = name, "database credentials are issued and renewed again");
                }
                (at, next)
            }
            (Err(StepError::Issue(error)), _) if error.is_gone() => {
                self.has_ended_early = true;
                (now, Step::Replace(Reason::Revoked))
            }
            (_, validity) => {
                self.context.status.failed(name, end);
                if self.has_ended_early {
                    self.context.metrics.computed().set_login_end(name, move || now);
                }
                if matches!(step, Step::Replace(_)) {
                    // Requests must not wait for what may take hours.
                    self.connections.dismiss_suspicion();
                }
                let step = step_after_failure(step, validity);
                (retry_time(self.retry.next_delay(), end, now), step)
            }
        }
    }

    fn report(&mut self, step: Step, error: &StepError) {
        let name = self.login.name;
        let failed = match (step, error) {
            (Step::Renew, _) => "renew",
            (Step::Replace(_), StepError::Connect(_)) => "use",
            (Step::Replace(_), _) => "issue",
        };
        self.context.metrics.login_failed(name, failed);
        let report = (error.to_string(), self.has_ended_early);
        if self.reported.as_ref() == Some(&report) {
            return;
        }
        let error = &report.0;
        match self.current_end() {
            Some(end) if !self.has_ended_early => tracing::error!(
                login = name,
                step = failed,
                seconds = end.saturating_duration_since(Instant::now()).as_secs(),
                error,
                "cannot rotate database credentials; the present ones remain in use until they end"
            ),
            Some(_) => tracing::error!(
                login = name,
                step = failed,
                error,
                "database credentials ended early and cannot be replaced"
            ),
            None => tracing::error!(login = name, error, "waiting for database credentials"),
        }
        self.reported = Some(report);
    }

    /// When the current credentials end: now, if they have ended early. `None`: there are none.
    fn current_end(&self) -> Option<Instant> {
        let end = self.current.as_ref()?.validity.end();
        Some(if self.has_ended_early { Instant::now() } else { end })
    }

    async fn renew(&mut self) -> Result<Taken, StepError> {
        if let Some(IssuedLogin {
            validity: Validity::Lease(lease),
            ..
        }) = &mut self.current
        {
            self.context.issuer.renew(lease).await?;
            tracing::debug!(login = self.login.name, "database credentials renewed");
        }
        Ok(Taken::Done)
    }

    /// Issues credentials and uses them.
    async fn replace(&mut self, reason: Reason) -> Result<Taken, StepError> {
        let issued = self.context.issuer.issue(&self.login).await?;
        let unchanged = |current: &IssuedLogin| current.credentials.is_same(&issued.credentials);
        if self.current.as_ref().is_some_and(unchanged) {
            self.current = Some(issued);
            return match reason {
                // The server may accept the password again.
                Reason::Refused if !self.are_accepted().await? => Err(StepError::Unchanged),
                Reason::Password => Ok(Taken::Overdue),
                _ => Ok(Taken::Done),
            };
        }
        let (connections, login) = (
            self.connections.clone(),
            self.login.with(issued.credentials.clone()),
        );
        let replaced = tokio::task::spawn_blocking(move || connections.replace(&login)).await;
        let draining = match replaced
            .map_err(StepError::from)
            .and_then(|replaced| Ok(replaced?))
        {
            Ok(draining) => draining,
            Err(error) => {
                self.end(None, lease_of(issued));
                return Err(error);
            }
        };
        self.generation += 1;
        let (name, generation) = (self.login.name, self.generation);
        tracing::info!(
            login = name,
            generation,
            reason = reason.as_str(),
            "database credentials replaced"
        );
        self.context
            .metrics
            .login_replaced(name, generation, reason.as_str());
        let former = self.current.replace(issued);
        if draining.is_some() {
            self.end(draining, former.and_then(lease_of));
        }
        Ok(Taken::Done)
    }

    /// Whether the server accepts the present credentials.
    async fn are_accepted(&self) -> Result<bool, StepError> {
        let connections = self.connections.clone();
        let checked = tokio::task::spawn_blocking(move || connections.check()).await?;
        if checked.is_ok() {
            self.connections.dismiss_suspicion();
        }
        Ok(checked.is_ok())
    }

    /// Revokes a lease as soon as its connections are closed.
    fn end(&mut self, draining: Option<Draining>, lease: Option<Lease>) {
        let end = former_login::end(self.context.clone(), self.login.name, draining, lease);
        self.former.spawn(end);
    }
}

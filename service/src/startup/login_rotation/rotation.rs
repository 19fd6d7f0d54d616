//! The credentials of one login: issued, renewed, replaced before they end, and replaced at once when they have ended early.

use super::context::RotationContext;
use super::former_login;
use super::schedule::{Reason, Step, next_step, retry_time, step_after_failure};
use crate::config::database::Login;
use crate::db::pool::{ConnectError, Connections, Draining};
use crate::secrets::backoff::Backoff;
use crate::secrets::logins::{IssueError, IssuedLogin, Validity};
use crate::secrets::vault::Lease;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

/// The first delay after a failed step, and the longest.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));

/// The first time between two checks of suspected credentials, and the longest.
const CHECK_INTERVALS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// One login.
pub struct Rotation {
    context: RotationContext,
    login: Login,
    connections: Connections,
    current: Option<IssuedLogin>,
    /// Whether the server or Vault has ended the current credentials before their time.
    has_ended_early: bool,
    generation: u64,
    retry: Backoff,
    /// What was logged last, and whether the credentials had ended early, so that a failure is logged once.
    reported: Option<(String, bool)>,
    /// When suspected credentials may be checked again, and the time between checks.
    next_check: (Instant, Duration),
    /// When they will be checked.
    check_at: Option<Instant>,
    /// Former credentials that are being ended.
    former: JoinSet<()>,
}

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
    /// A login without credentials.
    pub fn new(context: RotationContext, login: Login, connections: Connections) -> Self {
        Self {
            context,
            login,
            connections,
            current: None,
            has_ended_early: false,
            generation: 0,
            retry: Backoff::new(RETRY_DELAYS.0, RETRY_DELAYS.1),
            reported: None,
            next_check: (Instant::now(), CHECK_INTERVALS.0),
            check_at: None,
            former: JoinSet::new(),
        }
    }

    /// Runs until the service stops. A step that has begun is finished.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) -> Self {
        let mut next = (Instant::now(), Step::Replace(Reason::Start));
        let mut vault_session_number = self.context.issuer.vault_session_number();
        self.context.status.failed(self.login.name, None);
        loop {
            let check_at = self.check_at;
            tokio::select! {
                biased;
                _ = stopped.changed() => return self,
                Some(_) = self.former.join_next() => {}
                () = sleep_until(check_at) => {
                    self.check_at = None;
                    // Failed attempts to issue credentials have delays of their own.
                    let is_retrying = self.reported.is_some() && matches!(next.1, Step::Replace(_));
                    if let Some(reason) = self.examine(is_retrying).await && !is_retrying {
                        next = (Instant::now(), Step::Replace(reason));
                    }
                }
                () = self.connections.suspected() => self.schedule_check(),
                Ok(()) = vault_session_number.changed() => {
                    if self.is_orphaned() {
                        next = (Instant::now(), Step::Replace(Reason::NewVaultLogin));
                    }
                }
                () = sleep_until(Some(next.0)) => next = self.take(next.1).await,
            }
        }
    }

    /// Takes a step; returns the next one.
    async fn take(&mut self, step: Step) -> (Instant, Step) {
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
                self.context.metrics.login_ends(name, validity.later_end());
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
                    self.context.metrics.login_ends(name, Box::new(move || now));
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

    fn is_orphaned(&self) -> bool {
        match &self.current {
            Some(IssuedLogin {
                validity: Validity::Lease(lease),
                ..
            }) => self.context.issuer.is_orphaned(lease),
            _ => false,
        }
    }

    /// Schedules a check of suspected credentials: the first one at once.
    fn schedule_check(&mut self) {
        let (earliest, interval) = self.next_check;
        let now = Instant::now();
        if now > earliest + interval {
            self.next_check.1 = CHECK_INTERVALS.0;
        }
        if earliest > now + CHECK_INTERVALS.0 {
            // The server is unavailable for longer. Requests must not wait for other credentials.
            self.connections.dismiss_suspicion();
        }
        self.check_at.get_or_insert(earliest.max(now));
    }

    /// Finds out whether the credentials are the reason why connections fail. While others are being issued anyway, checks
    /// become rare.
    async fn examine(&mut self, is_retrying: bool) -> Option<Reason> {
        let connections = self.connections.clone();
        let checked = tokio::task::spawn_blocking(move || connections.check()).await;
        let is_accepted = matches!(checked, Ok(Ok(())));
        let reason = match (checked, self.current.as_ref().map(|current| &current.validity)) {
            (_, None) | (Ok(Ok(())), _) => None,
            (Ok(Err(ConnectError::LoginRefused(_) | ConnectError::WrongGroup(_))), _) => {
                Some(Reason::Refused)
            }
            // The text of the refusal may be in another language.
            (_, Some(Validity::Lease(lease))) => {
                let has_ended = self.context.issuer.has_ended(lease).await;
                matches!(has_ended, Ok(true)).then_some(Reason::Revoked)
            }
            (_, Some(Validity::Password { .. } | Validity::Token { .. })) => None,
        };
        match (&reason, is_accepted) {
            (Some(_), _) => self.has_ended_early = true,
            (None, true) => self.has_ended_early = false,
            (None, false) => {}
        }
        let interval = self.next_check.1;
        if reason.is_some() && !is_retrying {
            self.next_check = (Instant::now() + CHECK_INTERVALS.0, CHECK_INTERVALS.0);
        } else {
            self.connections.dismiss_suspicion();
            self.next_check = (Instant::now() + interval, (interval * 2).min(CHECK_INTERVALS.1));
        }
        reason
    }

    /// Revokes the credentials in use and the former ones.
    pub async fn revoke(mut self) {
        if let Some(lease) = self.current.take().and_then(lease_of) {
            former_login::revoke(&self.context, self.login.name, &lease).await;
        }
        while self.former.join_next().await.is_some() {}
    }
}

/// The lease of credentials that can be revoked.
fn lease_of(issued: IssuedLogin) -> Option<Lease> {
    match issued.validity {
        Validity::Lease(lease) => Some(lease),
        Validity::Password { .. } | Validity::Token { .. } => None,
    }
}

/// Sleeps until a time; for ever without one.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

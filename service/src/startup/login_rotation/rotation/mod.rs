//! The rotation of one login: waits for what is due next, and for what ends the credentials early.

/// What a step does, and what follows.
mod steps;

use super::check_times::CheckTimes;
use super::context::RotationContext;
use super::former_login;
use super::schedule::{Reason, Step};
use crate::config::database::Login;
use crate::db::pool::{ConnectError, Connections};
use crate::secrets::backoff::Backoff;
use crate::secrets::logins::{IssuedLogin, Validity};
use crate::secrets::vault::Lease;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The first delay after a failed step, and the longest.
const RETRY_DELAYS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));

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
    /// When suspected credentials are checked.
    checks: CheckTimes,
    /// Former credentials that are being ended.
    former: JoinSet<()>,
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
            checks: CheckTimes::new(Instant::now()),
            former: JoinSet::new(),
        }
    }

    /// Runs until the service stops. A step that has begun is finished.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) -> Self {
        let mut next = (Instant::now(), Step::Replace(Reason::Start));
        let mut vault_session_number = self.context.issuer.vault_session_number();
        self.context.status.failed(self.login.name, None);
        loop {
            let check_at = self.checks.due();
            tokio::select! {
                biased;
                _ = stopped.changed() => return self,
                Some(_) = self.former.join_next() => {}
                () = sleep_until(check_at) => {
                    self.checks.begin();
                    // Failed attempts to issue credentials have delays of their own.
                    let is_retrying = self.reported.is_some() && matches!(next.1, Step::Replace(_));
                    if let Some(reason) = self.examine(is_retrying).await && !is_retrying {
                        next = (Instant::now(), Step::Replace(reason));
                    }
                }
                () = self.connections.suspected() => {
                    if !self.checks.request(Instant::now()) {
                        // The server is unavailable for longer. Requests must not wait for other credentials.
                        self.connections.dismiss_suspicion();
                    }
                }
                Ok(()) = vault_session_number.changed() => {
                    if self.is_orphaned() {
                        next = (Instant::now(), Step::Replace(Reason::NewVaultLogin));
                    }
                }
                () = sleep_until(Some(next.0)) => next = self.take(next.1).await,
            }
        }
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
        if reason.is_some() && !is_retrying {
            self.checks.confirmed(Instant::now());
        } else {
            self.connections.dismiss_suspicion();
            self.checks.repeat_later(Instant::now());
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

//! The client: one token for all calls. The first call logs in. A call that is denied logs in again if the token has ended:
//! once, whatever the number of calls that notice.

use super::call::Call;
use super::connection::Connection;
use super::error::VaultError;
use super::login::{Authenticator, LoginAnswer};
use super::session::{LoginOutcome, Session};
use super::token::Token;
use crate::config::vault::VaultSettings;
use crate::telemetry::metrics::Metrics;
use serde::de::IgnoredAny;
use std::sync::{Arc, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Instant;
use tokio::sync::{Mutex, watch};

/// A handle on the client. Cheap to clone.
#[derive(Clone)]
pub struct Vault(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) settings: VaultSettings,
    pub(super) connection: Connection,
    /// The current token. `None` before the first login.
    session: RwLock<Option<Arc<Session>>>,
    /// The tokens of former logins on which leases depend.
    former_tokens: std::sync::Mutex<Vec<Weak<Token>>>,
    /// Held while one task logs in for all.
    pub(super) authenticator: Mutex<Authenticator>,
    /// The outcome of the last login, which tasks that waited for it share.
    last_login: RwLock<LoginOutcome>,
    /// The number of the current session.
    session_number: watch::Sender<u64>,
    is_closed: watch::Sender<bool>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.0.settings.address)
    }
}

impl Vault {
    /// Builds the client, without network access. `name` distinguishes clients in metrics and in the log.
    ///
    /// # Errors
    ///
    /// Names the setting that cannot be used.
    pub fn new(settings: &VaultSettings, name: &'static str, metrics: Metrics) -> Result<Self, VaultError> {
        Ok(Self(Arc::new(Inner {
            connection: Connection::new(settings, name, metrics)?,
            authenticator: Mutex::new(Authenticator::new(settings, name)),
            settings: settings.clone(),
            session: RwLock::new(None),
            former_tokens: std::sync::Mutex::default(),
            last_login: RwLock::new(LoginOutcome::default()),
            session_number: watch::Sender::new(0),
            is_closed: watch::Sender::new(false),
        })))
    }

    /// The URL of the server.
    pub fn address(&self) -> &str {
        &self.0.settings.address
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.0.connection.name
    }

    /// The number of the current session with Vault; 0 before the first. When it changes, the leases of former sessions end
    /// with their token.
    pub fn session_number(&self) -> watch::Receiver<u64> {
        self.0.session_number.subscribe()
    }
}

impl Vault {
    /// Logs in, unless a token is there already.
    ///
    /// # Errors
    ///
    /// [`VaultError::is_incident`] for a wrapping token that someone else may have used.
    pub async fn log_in(&self) -> Result<(), VaultError> {
        let vault = self.clone();
        spawned(async move { vault.session().await.map(drop) }).await
    }

    /// A call under the current token, which is not aborted when the caller is dropped.
    pub(super) async fn call<T, F>(
        &self,
        operation: &'static str,
        work: impl Fn(Arc<Session>) -> F + Send + Sync + 'static,
    ) -> Result<T, VaultError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, VaultError>> + Send + 'static,
    {
        let vault = self.clone();
        spawned(async move { vault.call_here(operation, work).await }).await
    }

    /// The same in the caller's task.
    pub(super) async fn call_here<T, F>(
        &self,
        operation: &'static str,
        work: impl Fn(Arc<Session>) -> F + Send + Sync,
    ) -> Result<T, VaultError>
    where
        F: Future<Output = Result<T, VaultError>> + Send,
    {
        let session = self.session().await?;
        let result = self
            .0
            .connection
            .observed(operation, work(Arc::clone(&session)))
            .await;
        if !matches!(result, Err(VaultError::Denied)) || !self.is_ended(&session).await? {
            return result;
        }
        let session = self.log_in_after(session.number).await?;
        self.0.connection.observed(operation, work(session)).await
    }

    /// The current session, after a login if there is none.
    pub(super) async fn session(&self) -> Result<Arc<Session>, VaultError> {
        match self.current() {
            Some(session) => Ok(session),
            None => self.log_in_after(0).await,
        }
    }

    pub(super) fn current(&self) -> Option<Arc<Session>> {
        self.0
            .session
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the token is not valid any more. What a policy does not permit is denied as well, with a valid token; a login
    /// then would change nothing but rotate every database login.
    async fn is_ended(&self, session: &Arc<Session>) -> Result<bool, VaultError> {
        if session.token.lifetime.has_ended() {
            return Ok(true);
        }
        let look_up = Call::<IgnoredAny>::get("auth/token/lookup-self").done(&session.token.client);
        match self.0.connection.observed("token_lookup", look_up).await {
            Ok(()) => Ok(false),
            Err(VaultError::Denied) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Replaces the session of the number `former`; 0 stands for none. Of several tasks one logs in, and all get its outcome,
    /// so that a wrong SecretID is not sent as often as there are requests. A refusal holds for a while, or until the secret
    /// is replaced.
    pub(super) async fn log_in_after(&self, former: u64) -> Result<Arc<Session>, VaultError> {
        let attempts = self.last_login(|outcome| outcome.attempts);
        let mut authenticator = self.0.authenticator.lock().await;
        if self.is_closed() {
            return Err(VaultError::Closed);
        }
        if let Some(session) = self.current().filter(|session| session.number != former) {
            return Ok(session);
        }
        if let Some(error) = self.last_login(|outcome| {
            let is_newer = outcome.attempts != attempts;
            outcome.error.clone().filter(|_| is_newer)
        }) {
            return Err(error);
        }
        let fingerprint = authenticator.fingerprint();
        if let Some(error) = self.last_login(|outcome| outcome.refusal(fingerprint)) {
            return Err(error);
        }
        let sent = Instant::now();
        let answer = authenticator.log_in(&self.0.connection).await;
        let result = answer.map(|answer| self.start_session(&answer, sent));
        self.0
            .last_login
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .record(result.as_ref().err(), fingerprint);
        if self.is_closed() {
            // It was closed while the login was under way, and found no token to revoke.
            self.revoke_all().await?;
            return Err(VaultError::Closed);
        }
        result
    }

    fn last_login<T>(&self, read: impl FnOnce(&LoginOutcome) -> T) -> T {
        read(&self.0.last_login.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn start_session(&self, answer: &LoginAnswer, sent: Instant) -> Arc<Session> {
        let number = *self.0.session_number.borrow() + 1;
        let client = self.0.connection.client(Some(&answer.token));
        let token = Arc::new(Token::new(client, sent, answer.duration));
        let end = token.lifetime.end();
        let session = Arc::new(Session {
            number,
            token,
            release: self.release(),
        });
        let former = self.replace_session(Some(Arc::clone(&session)));
        if let Some(former) = former {
            self.record_former_token(&former.token);
        }
        self.0.connection.token_ends(end);
        self.0.session_number.send_replace(number);
        tracing::info!(
            client = self.name(),
            session_number = number,
            ttl_s = answer.duration.as_secs(),
            "logged in to Vault"
        );
        session
    }

    pub(super) fn replace_session(&self, session: Option<Arc<Session>>) -> Option<Arc<Session>> {
        let mut current = self.0.session.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, session)
    }

    /// Remembers a token until it is revoked, so that closing the client does it at the latest.
    fn record_former_token(&self, token: &Arc<Token>) {
        let mut former = self.former_tokens();
        former.retain(|token| token.strong_count() > 0);
        former.push(Arc::downgrade(token));
    }

    pub(super) fn take_former_tokens(&self) -> Vec<Arc<Token>> {
        let former = std::mem::take(&mut *self.former_tokens());
        let tokens = former.iter().filter_map(Weak::upgrade);
        tokens.filter(|token| !token.lifetime.has_ended()).collect()
    }

    fn former_tokens(&self) -> MutexGuard<'_, Vec<Weak<Token>>> {
        self.0
            .former_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.0.is_closed.borrow()
    }

    pub(super) fn set_closed(&self) {
        self.0.is_closed.send_replace(true);
    }
}

/// Runs to its end even if the caller is dropped.
pub(super) async fn spawned<T: Send + 'static>(
    work: impl Future<Output = Result<T, VaultError>> + Send + 'static,
) -> Result<T, VaultError> {
    // A panic of the library over an answer.
    tokio::spawn(work).await.unwrap_or(Err(VaultError::Malformed))
}

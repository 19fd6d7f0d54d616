//! Access tokens of Microsoft Entra, which are the passwords of database logins on Azure: the service has no password of its
//! own. Nothing but the tokens' lifetime is read from them; PostgreSQL verifies them.

/// The answers of token endpoints.
mod answer;

/// Requests to token endpoints.
mod endpoint;

/// Errors.
mod error;

pub use error::EntraError;

use super::backoff::Backoff;
use crate::config::entra::EntraSettings;
use crate::types::clock;
use answer::Answer;
use endpoint::Endpoint;
use secrecy::SecretString;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Logins that need a token of the same identity within this time share it. Short, because a login whose token is refused
/// needs another one.
const SHARING_TIME: Duration = Duration::from_secs(10);

/// Delays after failed requests, for all logins of an identity together.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// Maximum of the delay that an endpoint may request.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// Issues tokens. Cheap to clone.
#[derive(Clone)]
pub struct EntraTokens(Arc<Shared>);

struct Shared {
    settings: EntraSettings,
    endpoint: Endpoint,
    identities: Mutex<HashMap<Option<Uuid>, Arc<tokio::sync::Mutex<IdentityState>>>>,
}

/// What is known of one identity. Locked during a request, so that there is one at a time.
struct IdentityState {
    token: Option<AccessToken>,
    backoff: Backoff,
    /// The last failure, and when the next request may be sent.
    failure: Option<(EntraError, Instant)>,
}

/// A token and its lifetime.
#[derive(Clone)]
struct AccessToken {
    secret: SecretString,
    obtained: Instant,
    lifetime: Duration,
}

impl EntraTokens {
    /// Tokens of the identity that the settings name. Sends nothing.
    ///
    /// # Errors
    ///
    /// The certificate authorities cannot be loaded.
    pub fn new(settings: &EntraSettings) -> Result<Self, EntraError> {
        Ok(Self(Arc::new(Shared {
            settings: settings.clone(),
            endpoint: Endpoint::new(settings)?,
            identities: Mutex::default(),
        })))
    }

    /// A token for a login, and when it ends. Requests a new one, unless one was obtained a moment ago.
    ///
    /// # Errors
    ///
    /// There is none now. Until the delay after a failure is over, the same error again, without another request.
    pub async fn token(&self, login: &str) -> Result<(SecretString, Instant), EntraError> {
        let client_id = self.0.settings.client_id(login);
        let identity = self.identity(client_id);
        let mut identity = identity.lock().await;
        if let Some(token) = &identity.token
            && token.is_shared()
        {
            return Ok(token.parts());
        }
        if let Some((error, until)) = &identity.failure
            && Instant::now() < *until
        {
            return Err(error.clone());
        }
        match self.0.endpoint.request(client_id).await {
            Ok(answer) => {
                let token = AccessToken::new(answer);
                identity.backoff.reset();
                identity.failure = None;
                identity.token = Some(token.clone());
                Ok(token.parts())
            }
            Err((error, retry_after)) => {
                let delay = identity.backoff.next_delay();
                let delay = delay.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER));
                identity.failure = Some((error.clone(), Instant::now() + delay));
                Err(error)
            }
        }
    }

    fn identity(&self, client_id: Option<Uuid>) -> Arc<tokio::sync::Mutex<IdentityState>> {
        let mut identities = self.0.identities.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(tokio::sync::Mutex::new(IdentityState {
                token: None,
                backoff: BACKOFF,
                failure: None,
            }))
        };
        Arc::clone(identities.entry(client_id).or_insert_with(new))
    }
}

impl AccessToken {
    /// From here on, only the monotonic clock counts: a wall clock that is set does not change the token's lifetime.
    fn new(answer: Answer) -> Self {
        Self {
            lifetime: answer.lifetime(clock::now()),
            secret: answer.access_token,
            obtained: Instant::now(),
        }
    }

    fn is_shared(&self) -> bool {
        self.obtained.elapsed() < SHARING_TIME.min(self.lifetime / 2)
    }

    fn parts(&self) -> (SecretString, Instant) {
        (self.secret.clone(), self.obtained + self.lifetime)
    }
}

//! Whether the credentials of the database logins can be issued and renewed, for readiness.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The state of all logins. Cheap to clone.
#[derive(Clone, Default)]
pub struct LoginStatus(Arc<Mutex<BTreeMap<&'static str, Failing>>>);

/// A login whose credentials cannot be issued or renewed at the moment.
struct Failing {
    /// When the present ones end. `None`: there are none.
    end: Option<Instant>,
}

/// The worst state of all logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialsState {
    /// All credentials are valid and will be renewed.
    Valid,
    /// They are valid, but some cannot be renewed at the moment.
    NotRenewed,
    /// Some login has no valid credentials any more.
    Ended,
    /// Some login never had credentials.
    Missing,
}

impl LoginStatus {
    /// The credentials of a login could not be issued or renewed; the present ones end then.
    pub fn failed(&self, login: &'static str, end: Option<Instant>) {
        self.lock().insert(login, Failing { end });
    }

    /// The credentials of a login are issued or renewed.
    pub fn succeeded(&self, login: &'static str) {
        self.lock().remove(login);
    }

    /// The worst state at this moment.
    pub fn state(&self) -> CredentialsState {
        let now = Instant::now();
        let logins = self.lock();
        if logins.is_empty() {
            CredentialsState::Valid
        } else if logins.values().any(|failing| failing.end.is_none()) {
            CredentialsState::Missing
        } else if logins
            .values()
            .all(|failing| failing.end.is_some_and(|end| end > now))
        {
            CredentialsState::NotRenewed
        } else {
            CredentialsState::Ended
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Failing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

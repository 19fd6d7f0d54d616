//! The shared state of the pages: domain services, the key of CSRF tokens, the public origin.

use crate::crypto::data_key::DataKey;
use crate::domain::accounts::Accounts;
use crate::domain::sessions::Sessions;
use crate::domain::wishes::Wishes;
use http::Uri;
use std::sync::Arc;

/// The state of the pages. Cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<WebParts>);

/// What [`Web`] is made of.
pub struct WebParts {
    /// Accounts.
    pub accounts: Accounts,
    /// Sessions.
    pub sessions: Sessions,
    /// Wishes.
    pub wishes: Wishes,
    /// The key of CSRF tokens.
    pub data_key: DataKey,
    /// The public URL of the service.
    pub public_url: Uri,
}

impl Web {
    /// State with these parts.
    pub fn new(parts: WebParts) -> Self {
        Self(Arc::new(parts))
    }

    /// Accounts.
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// Sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Wishes.
    pub fn wishes(&self) -> &Wishes {
        &self.0.wishes
    }

    /// The key of CSRF tokens.
    pub fn data_key(&self) -> &DataKey {
        &self.0.data_key
    }

    /// Scheme and authority of the public URL.
    pub fn public_origin(&self) -> &Uri {
        &self.0.public_url
    }
}

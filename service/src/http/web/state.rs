//! What the pages need to know: the rules that they call, the key of their form tokens, the origin that people know.

use crate::crypto::data_key::DataKey;
use crate::domain::accounts::Accounts;
use crate::domain::sessions::Sessions;
use crate::domain::wishes::Wishes;
use http::Uri;
use std::sync::Arc;

/// The pages' own state. Cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<WebParts>);

/// What [`Web`] is made of.
pub struct WebParts {
    /// Everybody's accounts.
    pub accounts: Accounts,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Everybody's wishes.
    pub wishes: Wishes,
    /// Makes form tokens.
    pub data_key: DataKey,
    /// Where people reach the service.
    pub public_url: Uri,
}

impl Web {
    /// Of these parts.
    pub fn new(parts: WebParts) -> Self {
        Self(Arc::new(parts))
    }

    /// Everybody's accounts.
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// Who is signed in.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Everybody's wishes.
    pub fn wishes(&self) -> &Wishes {
        &self.0.wishes
    }

    /// Makes form tokens.
    pub fn data_key(&self) -> &DataKey {
        &self.0.data_key
    }

    /// Scheme and authority as people know them.
    pub fn public_origin(&self) -> &Uri {
        &self.0.public_url
    }
}

//! The shared state of the pages: domain services, the keys of CSRF tokens, the public origin.

use crate::crypto::data_keys::DataKeys;
use crate::domain::accounts::Accounts;
use crate::domain::form_answers::FormAnswers;
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
    /// Answers to submitted forms.
    pub form_answers: FormAnswers,
    /// Sessions.
    pub sessions: Sessions,
    /// Wishes.
    pub wishes: Wishes,
    /// The keys of CSRF tokens.
    pub data_keys: DataKeys,
    /// The public URL of the service.
    pub public_url: Uri,
    /// Whether the API documentation and details of the build are served.
    pub api_docs: bool,
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

    /// Answers to submitted forms.
    pub fn form_answers(&self) -> &FormAnswers {
        &self.0.form_answers
    }

    /// Sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Wishes.
    pub fn wishes(&self) -> &Wishes {
        &self.0.wishes
    }

    /// The keys of CSRF tokens.
    pub fn data_keys(&self) -> &DataKeys {
        &self.0.data_keys
    }

    /// Whether the API documentation and details of the build are served.
    pub fn has_api_docs(&self) -> bool {
        self.0.api_docs
    }

    /// Scheme and authority of the public URL.
    pub fn public_origin(&self) -> &Uri {
        &self.0.public_url
    }
}

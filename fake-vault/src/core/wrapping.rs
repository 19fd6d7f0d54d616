//! Wrapping tokens: a reply that one call may open once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{clock, random};

/// A wrapped reply.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Wrapped {
    /// The whole envelope.
    pub(crate) envelope: Value,
    pub(crate) path: String,
    pub(crate) ttl: i64,
    created: DateTime<Utc>,
    /// The accessor of what is inside.
    pub(crate) accessor: Option<String>,
}

impl Wrapped {
    pub(crate) fn new(
        envelope: Value,
        path: String,
        ttl: i64,
        accessor: Option<String>,
        now: DateTime<Utc>,
    ) -> Wrapped {
        Wrapped {
            envelope,
            path,
            ttl,
            created: now,
            accessor,
        }
    }

    fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.created + TimeDelta::seconds(self.ttl) > now
    }

    /// What a look-up answers.
    pub(crate) fn details(&self) -> Value {
        json!({
            "creation_path": self.path,
            "creation_time": clock::nanoseconds(self.created),
            "creation_ttl": self.ttl,
        })
    }
}

/// The wrapping tokens that are unused.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Wrappings {
    by_token: HashMap<String, Wrapped>,
}

impl Wrappings {
    /// Stores a reply; returns the `wrap_info` of the answer.
    pub(crate) fn create(&mut self, wrapped: Wrapped) -> Value {
        let token = format!("s.{}", random::alphanumeric(24));
        let mut info = json!({
            "token": token,
            "accessor": random::alphanumeric(24),
            "ttl": wrapped.ttl,
            "creation_time": clock::nanoseconds(wrapped.created),
            "creation_path": wrapped.path,
        });
        if let Some(accessor) = &wrapped.accessor {
            info["wrapped_accessor"] = json!(accessor);
        }
        self.by_token.insert(token, wrapped);
        info
    }

    pub(crate) fn find(&self, token: &str, now: DateTime<Utc>) -> Option<&Wrapped> {
        self.by_token.get(token).filter(|wrapped| wrapped.is_alive(now))
    }

    /// Opens a reply; the token is used up.
    pub(crate) fn take(&mut self, token: &str, now: DateTime<Utc>) -> Option<Wrapped> {
        self.by_token
            .remove(token)
            .filter(|wrapped| wrapped.is_alive(now))
    }
}

//! Everything that the server remembers.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use crate::core::lease::Leases;
use crate::core::mount::Mounts;
use crate::core::quota::Quotas;
use crate::core::seal::Seal;
use crate::core::token_roles::TokenRole;
use crate::core::wrapping::Wrappings;
use crate::policy::{self, Acl, Document};
use crate::random;
use crate::token::{Token, Tokens};

/// A policy as it was written.
#[derive(Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) text: String,
    pub(crate) document: Document,
    pub(crate) version: u64,
    pub(crate) modified: DateTime<Utc>,
}

/// The server's state.
#[derive(Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) seal: Seal,
    pub(crate) policies: BTreeMap<String, Policy>,
    pub(crate) mounts: Mounts,
    pub(crate) tokens: Tokens,
    pub(crate) token_roles: BTreeMap<String, TokenRole>,
    pub(crate) leases: Leases,
    pub(crate) wrappings: Wrappings,
    pub(crate) quotas: Quotas,
    entities: HashMap<String, String>,
}

impl State {
    pub(crate) fn new(now: DateTime<Utc>) -> State {
        let default = Policy {
            text: policy::DEFAULT.to_owned(),
            document: policy::parse(policy::DEFAULT).unwrap_or_default(),
            version: 1,
            modified: now,
        };
        State {
            seal: Seal::new(now),
            policies: BTreeMap::from([("default".to_owned(), default)]),
            mounts: Mounts::new(),
            tokens: Tokens::default(),
            token_roles: BTreeMap::new(),
            leases: Leases::default(),
            wrappings: Wrappings::default(),
            quotas: Quotas::default(),
            entities: HashMap::new(),
        }
    }

    /// What a token may do.
    pub(crate) fn acl(&self, token: &Token) -> Acl {
        let policies = &token.grant.policies;
        let is_root = policies.iter().any(|policy| policy == "root");
        let documents = policies
            .iter()
            .filter_map(|name| Some(&self.policies.get(name)?.document));
        Acl::new(is_root, documents)
    }

    /// The entity of a caller at a login mount, created at its first login.
    pub(crate) fn entity(&mut self, mount: &str, alias: &str) -> String {
        let key = format!("{mount}{alias}");
        self.entities.entry(key).or_insert_with(random::uuid).clone()
    }
}

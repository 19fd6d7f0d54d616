//! The state of one scenario: its client, variables, mails, browsers and the responses so far. Never shared between scenarios.

use crate::browsers::Browsers;
use crate::capabilities::Capabilities;
use crate::client::{Client, RawExchange};
use crate::mailbox::{Mail, Mailbox};
use crate::response::Response;
use crate::variables::Variables;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;

/// The state of one scenario.
#[derive(Debug, Default, cucumber::World)]
pub struct World {
    /// Client with a network address of its own.
    pub client: Client,
    /// Mail folder, accounts and browser of this run.
    pub capabilities: Arc<Capabilities>,
    /// Values saved by name.
    pub variables: Variables,
    /// The mail folder, and which of its mails this scenario has read.
    pub mailbox: Mailbox,
    /// Mails read so far, the latest last.
    pub mails: Vec<Mail>,
    /// Audit events read by the latest step that lists them.
    pub events: Vec<Value>,
    /// Browsers, one per user.
    pub browsers: Browsers,
    /// Ids of the signing keys that were published.
    pub former_keys: BTreeSet<String>,
    /// Forged access tokens.
    pub forged_tokens: Vec<String>,
    /// The key server of an attacker.
    pub key_server: Option<TcpListener>,
    /// All responses, the latest last.
    pub responses: Vec<Response>,
    /// Result of the latest raw bytes.
    pub exchange: Option<RawExchange>,
}

impl World {
    /// The latest response.
    pub fn response(&self) -> Result<&Response> {
        self.responses.last().context("no request was sent yet")
    }

    /// Result of the latest raw bytes.
    pub fn exchange(&self) -> Result<&RawExchange> {
        self.exchange.as_ref().context("no raw bytes were sent yet")
    }

    /// The last `count` responses.
    pub fn last_responses(&self, count: usize) -> Result<&[Response]> {
        let first = self.responses.len().checked_sub(count);
        let last = first.and_then(|first| self.responses.get(first..));
        last.with_context(|| format!("there are only {} responses", self.responses.len()))
    }
}

//! What one scenario knows: a client and the answers so far; never shared between scenarios.

use crate::answer::Answer;
use crate::browsers::Browsers;
use crate::client::{Client, Exchange};
use crate::mailbox::{Mail, Mailbox};
use crate::notes::Notes;
use crate::surroundings::Surroundings;
use anyhow::{Context, Result};
use cucumber::World;
use serde_json::Value;
use std::net::TcpListener;
use std::sync::Arc;

/// Somebody who talks to the service from outside.
#[derive(Debug, Default, World)]
pub struct Visitor {
    /// Asks.
    pub client: Client,
    /// What there is beside the service.
    pub surroundings: Arc<Surroundings>,
    /// What the scenario has learnt, by name.
    pub notes: Notes,
    /// Which mails were read.
    pub mailbox: Mailbox,
    /// Those mails, the latest last.
    pub mails: Vec<Mail>,
    /// Audit events that were read.
    pub events: Vec<Value>,
    /// Browsers, one a person.
    pub browsers: Browsers,
    /// Tokens that somebody forged.
    pub forged: Vec<String>,
    /// Where a forger waits for requests.
    pub elsewhere: Option<TcpListener>,
    /// Every answer of the scenario, the latest last.
    pub answers: Vec<Answer>,
    /// What came of bytes sent as they are.
    pub exchange: Option<Exchange>,
}

impl Visitor {
    /// The latest answer.
    ///
    /// # Errors
    /// When nothing was asked.
    pub fn answer(&self) -> Result<&Answer> {
        self.answers.last().context("nothing was asked yet")
    }
}

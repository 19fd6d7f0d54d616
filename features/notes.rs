//! What a scenario has learnt by name: addresses, tokens, numbers; and `{name}` in a text that stands for it. Never asks.

use crate::client::chance;
use anyhow::{Context, Result};
use std::collections::BTreeMap;

/// Names and what they stand for, as `Ann.email`, `Ann.access` or `the wish`.
#[derive(Debug, Default)]
pub struct Notes(BTreeMap<String, String>);

impl Notes {
    /// Writes something down.
    pub fn note(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// What was written down.
    ///
    /// # Errors
    /// When nothing was.
    pub fn get(&self, name: &str) -> Result<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.with_context(|| format!("nothing is known of {name}"))
    }

    /// Somebody new: an address that nobody had before, also in an earlier run, and a password that only they have.
    pub fn introduce(&mut self, person: &str) {
        let address = format!("{}-{:016x}@people.example", person.to_lowercase(), chance());
        self.note(&format!("{person}.email"), &address);
        self.note(&format!("{person}.EMAIL"), &address.to_uppercase());
        self.note(&format!("{person}.password"), &password());
    }

    /// What nobody may log: passwords, tokens, links, addresses.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        const KINDS: [&str; 7] = [
            "access", "cookie", "email", "link", "password", "refresh", "secret",
        ];
        let is_secret = |name: &str| name.rsplit('.').next().is_some_and(|kind| KINDS.contains(&kind));
        let secrets = self.0.iter().filter(move |(name, _)| is_secret(name));
        secrets.map(|(_, value)| value.as_str())
    }

    /// The text with `{name}` replaced wherever the name is known; other braces stay as they are.
    pub fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }
}

/// Long enough, of nobody's name, in no list.
pub fn password() -> String {
    format!("{:016x} {:016x}", chance(), chance())
}

//! Values that a scenario saves by name, and the substitution of `{name}` in its texts.

use crate::client::random_u64;
use anyhow::{Context, Result};
use std::collections::BTreeMap;

/// Values by name, such as `Ann.email`, `Ann.access` or `the wish`.
#[derive(Debug, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Saves a value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// Saves an attribute of a user: `Ann.email`.
    pub fn set_of(&mut self, user: &str, attribute: &str, value: &str) {
        self.set(&format!("{user}.{attribute}"), value);
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Result<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.with_context(|| format!("there is no variable {name}"))
    }

    /// An attribute of a user.
    pub fn get_of(&self, user: &str, attribute: &str) -> Result<&str> {
        self.get(&format!("{user}.{attribute}"))
    }

    /// Creates a user: an address that is new even to earlier runs on the same database, and a random password.
    pub fn create_user(&mut self, user: &str) {
        let address = format!("{}-{:016x}@people.example", user.to_lowercase(), random_u64());
        self.set_of(user, "email", &address);
        self.set_of(user, "EMAIL", &address.to_uppercase());
        let password = random_password();
        self.set_of(user, "password", &password);
        // What confirming the address requires, until the user registers with another one.
        self.set_of(user, "chosen", &password);
    }

    /// Values that must not appear in any log: passwords, tokens, links, addresses.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        const KINDS: [&str; 8] = [
            "access", "chosen", "cookie", "email", "link", "password", "refresh", "secret",
        ];
        let is_secret = |name: &str| name.rsplit('.').next().is_some_and(|kind| KINDS.contains(&kind));
        let secrets = self.0.iter().filter(move |(name, _)| is_secret(name));
        secrets.map(|(_, value)| value.as_str())
    }

    /// Replaces `{name}` for every known name; other braces are left alone.
    pub fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }
}

/// Long enough for the password policy, without the user's name, and in no list of common passwords.
fn random_password() -> String {
    format!("{:016x} {:016x}", random_u64(), random_u64())
}

//! A Vault with the documents of keys, and services and commands that use it.

use super::server::VaultServer;
use crate::support::database::{Database, settings};
use crate::support::program::{run, stderr, stdout};
use portcullis::config::Settings;
use portcullis::crypto::data_key_document::DataKeyDocument;
use portcullis::crypto::token_keys::TokenKeys;
use serde_json::{Value, json};
use std::process::Output;

/// The server, and the settings of the commands that change its documents.
pub struct VaultKeys<'a> {
    /// The server.
    pub server: VaultServer,
    database: &'a Database,
    commands: Vec<(String, String)>,
}

impl<'a> VaultKeys<'a> {
    /// Without documents.
    pub fn empty(database: &'a Database) -> Self {
        let server = VaultServer::start();
        let commands = login(&server);
        Self {
            server,
            database,
            commands,
        }
    }

    /// With a signing key and a data key.
    pub fn generated(database: &'a Database) -> Self {
        let keys = Self::empty(database);
        keys.command(&["generate", "--vault"]);
        keys.command(&["generate", "--vault", "--data"]);
        keys
    }

    /// The settings of a service over the database with keys from this server.
    pub fn pairs(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut pairs = self.database.pairs();
        pairs.retain(|(name, _)| !["TOKEN_KEYS", "DATA_KEY"].contains(&name.as_str()));
        pairs.push(("KEYS".to_owned(), "vault".to_owned()));
        pairs.extend(login(&self.server));
        let more = more.iter();
        pairs.extend(more.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        pairs
    }

    /// The same, parsed.
    pub fn settings(&self, more: &[(&str, &str)]) -> Settings {
        settings(self.pairs(more), &[])
    }

    /// Runs `portcullis keys …` as the program that may change the documents.
    pub fn run(&self, arguments: &[&str]) -> Output {
        run(&[&["keys"], arguments].concat(), &self.commands)
    }

    /// The same; returns its output.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        stdout(&output)
    }

    /// Its error, with exit code 1. The SecretID is in the environment, which the log warns about first.
    pub fn error(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        let text = stderr(&output);
        let start = text.find("portcullis: ").unwrap_or_default();
        text[start..].to_owned()
    }

    /// The newest version of a document, and its number.
    pub fn read(&self, name: &str) -> (String, u64) {
        let (status, answer) =
            self.server
                .call("GET", &format!("secret/data/portcullis/{name}"), &Value::Null);
        assert_eq!(status, 200, "{answer}");
        let text = answer["data"]["data"]["document"].as_str().unwrap();
        (
            text.to_owned(),
            answer["data"]["metadata"]["version"].as_u64().unwrap(),
        )
    }

    /// The signing keys.
    pub fn token_keys(&self) -> TokenKeys {
        TokenKeys::parse(&self.read("token-keys").0).unwrap()
    }

    /// The data keys.
    pub fn data_keys(&self) -> DataKeyDocument {
        DataKeyDocument::parse(&self.read("data-keys").0).unwrap()
    }

    /// Writes a document after the version with this number.
    pub fn write(&self, name: &str, version: u64, text: &str) {
        self.write_secret(name, version, &json!({ "document": text }));
    }

    /// Writes a secret after the version with this number.
    pub fn write_secret(&self, name: &str, version: u64, data: &Value) {
        let body = json!({ "options": { "cas": version }, "data": data });
        self.server
            .write(&format!("secret/data/portcullis/{name}"), &body);
    }
}

/// The settings of a client with a SecretID of its own.
fn login(server: &VaultServer) -> Vec<(String, String)> {
    let pairs = [
        ("VAULT_ADDRESS", format!("http://{}", server.server.address())),
        ("VAULT_ROLE_ID", "portcullis".to_owned()),
        ("VAULT_SECRET_ID", server.secret_id()),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

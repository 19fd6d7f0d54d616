//! Documents in the KV engine, version 2. A document is one secret with the member `document`, the text that could also be in
//! a file.

use super::call::Call;
use super::client::Vault;
use super::error::VaultError;
use super::session::Session;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// A version of a document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its text.
    pub text: SecretString,
    /// Its version, from 1.
    pub version: u64,
}

#[derive(Deserialize)]
struct ReadAnswer {
    data: Map<String, Value>,
    metadata: WriteAnswer,
}

#[derive(Deserialize)]
struct WriteAnswer {
    version: u64,
}

/// The newest version of a document.
#[derive(Clone, Copy, Debug)]
pub struct DocumentState {
    /// Its number, from 1.
    pub version: u64,
    /// Whether it was neither destroyed nor deleted, now or at a time to come.
    pub is_readable: bool,
}

#[derive(Deserialize)]
struct MetadataAnswer {
    current_version: u64,
    #[serde(default)]
    versions: HashMap<String, VersionMetadata>,
}

#[derive(Deserialize)]
struct VersionMetadata {
    deletion_time: String,
    destroyed: bool,
}

impl Vault {
    /// The newest version of a document. `None`: there is none, or it was deleted.
    ///
    /// # Errors
    ///
    /// [`VaultError::NoText`] if the secret was written by something else.
    pub async fn read_document(&self, path: &str) -> Result<Option<Document>, VaultError> {
        let path = self.kv_path("data", path);
        let result: Result<ReadAnswer, _> = self
            .call("document_read", move |session: Arc<Session>| {
                let call = Call::get(path.clone());
                async move { call.data(&session.token.client).await }
            })
            .await;
        let Some(mut answer) = if_found(result)? else {
            return Ok(None);
        };
        match answer.data.remove("document") {
            Some(Value::String(text)) => Ok(Some(Document {
                text: text.into(),
                version: answer.metadata.version,
            })),
            _ => Err(VaultError::NoText),
        }
    }

    /// The number of the newest version of a document, deleted or not. `None`: there was none.
    pub async fn document_version(&self, path: &str) -> Result<Option<u64>, VaultError> {
        let state = self.document_state(path).await?;
        Ok(state.map(|state| state.version))
    }

    /// The newest version of a document, without its text. `None`: there was none.
    pub async fn document_state(&self, path: &str) -> Result<Option<DocumentState>, VaultError> {
        let path = self.kv_path("metadata", path);
        let result: Result<MetadataAnswer, _> = self
            .call("document_version", move |session: Arc<Session>| {
                let call = Call::get(path.clone());
                async move { call.data(&session.token.client).await }
            })
            .await;
        let state = if_found(result)?.map(|answer| {
            let newest = answer.versions.get(&answer.current_version.to_string());
            DocumentState {
                version: answer.current_version,
                is_readable: newest
                    .is_some_and(|newest| newest.deletion_time.is_empty() && !newest.destroyed),
            }
        });
        Ok(state.filter(|state| state.version > 0))
    }

    /// Writes a document if its newest version has this number, 0 if there is none; returns the new one.
    ///
    /// # Errors
    ///
    /// [`VaultError::Conflict`] if it has another version.
    pub async fn write_document(
        &self,
        path: &str,
        expected_version: u64,
        text: &SecretString,
    ) -> Result<u64, VaultError> {
        let body = json!({
            "options": { "cas": expected_version },
            "data": { "document": text.expose_secret() },
        });
        let written = {
            let path = self.kv_path("data", path);
            self.call("document_write", move |session: Arc<Session>| {
                let call = Call::post(path.clone(), &body);
                async move { call.data(&session.token.client).await }
            })
            .await
        };
        match written {
            Ok(WriteAnswer { version }) => Ok(version),
            // The status is the same for other refusals, and texts depend on the server.
            Err(rejected @ VaultError::Rejected { status: 400, .. }) => {
                let version = self.document_version(path).await?.unwrap_or(0);
                Err(if version == expected_version {
                    rejected
                } else {
                    VaultError::Conflict
                })
            }
            Err(error) => Err(error),
        }
    }

    /// A document's path as Vault's command line takes it.
    pub fn document_path(&self, path: &str) -> String {
        let settings = &self.0.settings;
        format!("{}/{}{path}", settings.kv_mount, settings.kv_prefix)
    }

    fn kv_path(&self, kind: &str, path: &str) -> String {
        let settings = &self.0.settings;
        format!("{}/{kind}/{}{path}", settings.kv_mount, settings.kv_prefix)
    }
}

fn if_found<T>(result: Result<T, VaultError>) -> Result<Option<T>, VaultError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(VaultError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

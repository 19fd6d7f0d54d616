//! The cryptographic keys of the service, loaded and validated before anything starts.

use super::error::StartError;
use super::secret_reload::{FILE_POLL_INTERVAL, Replace, SecretReload};
use super::vault::while_unavailable;
use crate::config::auth::AuthSettings;
use crate::config::keys::{KeyKind, KeySource};
use crate::config::secret::SecretSource;
use crate::config::setting_names::PREFIX;
use crate::crypto::data_key_document::DataKeyDocument;
use crate::crypto::data_keys::DataKeys;
use crate::crypto::jwt::Jwt;
use crate::crypto::token_keys::TokenKeys;
use crate::secrets::document::{DocumentStore, Revision, VaultDocument};
use crate::secrets::vault::Vault;
use crate::telemetry::metrics::Metrics;
use crate::types::clock;
use secrecy::SecretString;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

/// The validated keys.
pub struct Keys {
    /// Encrypt data and derive the tokens of links.
    pub data: DataKeys,
    /// Signs and verifies access tokens.
    pub jwt: Jwt,
    /// Reload the keys when their documents change.
    pub reloads: Vec<SecretReload>,
}

/// A document that was read.
struct Loaded {
    revision: Revision,
    /// The setting that errors name.
    setting: &'static str,
    /// Where it may change, and how often to look.
    store: Option<(DocumentStore, Duration)>,
}

impl Keys {
    /// Loads all keys; an invalid one is reported with its setting's name. Waits for Vault while it is unavailable.
    pub async fn load(
        auth: &AuthSettings,
        vault: Option<&Vault>,
        metrics: &Metrics,
    ) -> Result<Self, StartError> {
        let load = |kind| load_when_available(&auth.keys, vault, kind);
        let document = load(KeyKind::Data).await?;
        let data = document.parse(DataKeys::parse)?;
        let used = data.clone();
        let replace = move |text: &str| used.replace(text).map_err(|error| error.to_string());
        let data_reload = document.reload(KeyKind::Data, replace, metrics);
        let document = load(KeyKind::Signing).await?;
        let jwt = document
            .parse(|text| Jwt::new(TokenKeys::parse(text)?, &auth.token_issuer, &auth.token_audience))?;
        let used = jwt.clone();
        let replace = move |text: &str| {
            let replaced = TokenKeys::parse(text).and_then(|document| used.replace(document));
            let replaced = replaced.map(|()| used.public_keys().len());
            replaced.map_err(|error| error.to_string())
        };
        let token_reload = document.reload(KeyKind::Signing, replace, metrics);
        if matches!(auth.keys, KeySource::Generated) {
            tracing::warn!(
                "keys are generated: the tokens, links and second factors of this process end with it"
            );
        }
        Ok(Self {
            data,
            jwt,
            reloads: data_reload.into_iter().chain(token_reload).collect(),
        })
    }
}

/// Loads the data keys alone, for commands.
pub async fn load_data_keys(auth: &AuthSettings, vault: Option<&Vault>) -> Result<DataKeys, StartError> {
    if matches!(auth.keys, KeySource::Generated) {
        return Err(invalid("KEYS")(
            &"generated keys exist only in the memory of `serve`",
        ));
    }
    load(&auth.keys, vault, KeyKind::Data)
        .await?
        .parse(DataKeys::parse)
}

/// Whether the error is Vault's, and may be gone later.
fn is_retryable(error: &StartError) -> bool {
    matches!(error, StartError::Document(error) if error.is_retryable())
}

async fn load_when_available(
    keys: &KeySource,
    vault: Option<&Vault>,
    kind: KeyKind,
) -> Result<Loaded, StartError> {
    while_unavailable(vault, is_retryable, async || load(keys, vault, kind).await).await
}

fn invalid<E: Display>(setting: &'static str) -> impl FnOnce(E) -> StartError {
    move |error| StartError::Setting(setting, error.to_string())
}

async fn load(keys: &KeySource, vault: Option<&Vault>, kind: KeyKind) -> Result<Loaded, StartError> {
    match keys {
        KeySource::Settings { .. } => {
            let [setting, file_setting] = kind.settings();
            let missing = || format!("is not set; set it or {PREFIX}{file_setting}");
            let source = keys.secret(kind).ok_or_else(missing).map_err(invalid(setting))?;
            let setting = kind.setting_of(source);
            match source {
                SecretSource::Value(text) => Ok(Loaded {
                    revision: Revision::unnumbered(text.clone()),
                    setting,
                    store: None,
                }),
                SecretSource::File(path) => Loaded::read(DocumentStore::File(path.clone()), setting).await,
            }
        }
        KeySource::Vault { poll_interval } => {
            let missing = || "vault requires a Vault";
            let document = VaultDocument {
                vault: vault.ok_or_else(missing).map_err(invalid("KEYS"))?.clone(),
                name: kind.document(),
            };
            let loaded = Loaded::read(DocumentStore::Vault(document), "KEYS").await?;
            Ok(loaded.polled_every(*poll_interval))
        }
        KeySource::Generated => Ok(Loaded {
            revision: Revision::unnumbered(generate(kind)?),
            setting: "KEYS",
            store: None,
        }),
    }
}

fn generate(kind: KeyKind) -> Result<SecretString, StartError> {
    let now = clock::now();
    let text = match kind {
        KeyKind::Signing => TokenKeys::generate(now)
            .map(|document| document.to_text())
            .map_err(invalid("KEYS")),
        KeyKind::Data => DataKeyDocument::generate(now)
            .map(|document| document.to_text())
            .map_err(invalid("KEYS")),
    };
    text.map(SecretString::from)
}

impl Loaded {
    async fn read(store: DocumentStore, setting: &'static str) -> Result<Self, StartError> {
        let revision = store.read().await.map_err(|error| match error {
            error if error.is_retryable() => StartError::Document(error),
            error => invalid(setting)(error),
        })?;
        Ok(Self {
            revision,
            setting,
            store: Some((store, FILE_POLL_INTERVAL)),
        })
    }

    fn polled_every(mut self, new: Duration) -> Self {
        if let Some((_, interval)) = &mut self.store {
            *interval = new;
        }
        self
    }

    fn parse<T, E: Display>(&self, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, StartError> {
        parse(self.revision.text()).map_err(invalid(self.setting))
    }

    /// Keys that were given as a value or generated never change.
    fn reload(
        self,
        kind: KeyKind,
        replace: impl Fn(&str) -> Result<usize, String> + Send + Sync + 'static,
        metrics: &Metrics,
    ) -> Option<SecretReload> {
        let ((store, interval), loaded) = (self.store?, self.revision);
        tracing::info!(version = loaded.version(), "{} loaded", kind.name());
        let metrics = metrics.clone();
        let record = move |revision: &Revision| {
            if let Some(version) = revision.version() {
                metrics.keys_loaded(kind.document(), version);
            }
        };
        record(&loaded);
        let replace: Replace =
            Arc::new(move |revision| replace(revision.text()).inspect(|_| record(revision)));
        Some(SecretReload::new(kind.name(), store, loaded, replace).every(interval))
    }
}

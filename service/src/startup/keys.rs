//! The cryptographic keys of the service, loaded and validated before anything starts.

use super::error::StartError;
use super::secret_reload::SecretReload;
use crate::config::auth::AuthSettings;
use crate::config::secret::SecretSource;
use crate::config::setting_names::PREFIX;
use crate::crypto::data_keys::DataKeys;
use crate::crypto::jwt::Jwt;
use crate::crypto::token_keys::TokenKeys;
use crate::secrets;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// The validated keys.
pub struct Keys {
    /// Encrypt data and derive the tokens of links.
    pub data: DataKeys,
    /// Signs and verifies access tokens.
    pub jwt: Jwt,
    /// Reload the keys when their files change.
    pub reloads: [SecretReload; 2],
}

impl Keys {
    /// Loads all keys; an invalid one is reported with its setting's name.
    pub fn load(auth: &AuthSettings) -> Result<Self, StartError> {
        let (data, source) = load_data_keys(auth)?;
        let used = data.clone();
        let replace = move |text: &str| used.replace(text).map_err(|e| e.to_string());
        let data_reload = SecretReload::new("data keys", source.clone(), Arc::new(replace));
        let source = auth.token_keys.as_ref();
        let (jwt, source) = read(["TOKEN_KEYS", "TOKEN_KEYS_FILE"], source, |text| {
            let keys = TokenKeys::parse(text).map_err(|e| e.to_string())?;
            Jwt::new(keys, &auth.token_issuer, &auth.token_audience).map_err(|e| e.to_string())
        })?;
        let used = jwt.clone();
        let replace = move |text: &str| {
            let replaced = TokenKeys::parse(text).and_then(|document| used.replace(document));
            replaced
                .map(|()| used.public_keys().len())
                .map_err(|e| e.to_string())
        };
        let token_reload = SecretReload::new("signing keys", source.clone(), Arc::new(replace));
        Ok(Self {
            data,
            jwt,
            reloads: [data_reload, token_reload],
        })
    }
}

/// Loads the data keys alone.
pub fn load_data_keys(auth: &AuthSettings) -> Result<(DataKeys, &SecretSource), StartError> {
    read(["DATA_KEY", "DATA_KEY_FILE"], auth.data_key.as_ref(), |text| {
        DataKeys::parse(text).map_err(|e| e.to_string())
    })
}

/// Reads a secret. Errors name the setting that was used: the one with the value, or the one with the file.
fn read<'a, T>(
    [key, key_of_file]: [&'static str; 2],
    source: Option<&'a SecretSource>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<(T, &'a SecretSource), StartError> {
    let missing = || StartError::Setting(key, format!("is not set; set it or {PREFIX}{key_of_file}"));
    let source = source.ok_or_else(missing)?;
    let given = match source {
        SecretSource::Value(_) => key,
        SecretSource::File(_) => key_of_file,
    };
    let invalid = |reason| StartError::Setting(given, reason);
    let text = secrets::read(source).map_err(|error| invalid(error.to_string()))?;
    let parsed = parse(text.expose_secret()).map_err(invalid)?;
    Ok((parsed, source))
}

//! The cryptographic keys of the service, loaded and validated before anything starts.

use super::error::StartError;
use super::signing_key_reload::SigningKeyReload;
use crate::config::auth::AuthSettings;
use crate::config::secret::SecretSource;
use crate::config::setting_names::PREFIX;
use crate::crypto::data_key::DataKey;
use crate::crypto::jwt::Jwt;
use crate::crypto::token_keys::TokenKeys;
use crate::secrets;
use secrecy::ExposeSecret;

/// The validated keys.
pub struct Keys {
    /// Encrypts data and derives the tokens of links.
    pub data: DataKey,
    /// Signs and verifies access tokens.
    pub jwt: Jwt,
    /// Reloads the signing keys when their file changes.
    pub token_keys: SigningKeyReload,
}

/// Loads DATA_KEY.
pub fn data_key(auth: &AuthSettings) -> Result<DataKey, StartError> {
    let (key, _) = read(["DATA_KEY", "DATA_KEY_FILE"], auth.data_key.as_ref(), |text| {
        DataKey::parse(text).map_err(|e| e.to_string())
    })?;
    Ok(key)
}

impl Keys {
    /// Loads all keys; an invalid one is reported with its setting's name.
    pub fn load(auth: &AuthSettings) -> Result<Self, StartError> {
        let data = data_key(auth)?;
        let source = auth.token_keys.as_ref();
        let (jwt, source) = read(["TOKEN_KEYS", "TOKEN_KEYS_FILE"], source, |text| {
            let keys = TokenKeys::parse(text).map_err(|e| e.to_string())?;
            Jwt::new(keys, &auth.token_issuer, &auth.token_audience).map_err(|e| e.to_string())
        })?;
        let token_keys = SigningKeyReload::new(source.clone(), jwt.clone());
        Ok(Self {
            data,
            jwt,
            token_keys,
        })
    }
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

//! Loads the data keys for commands.

use super::exit::{EXIT_CONFIG, fail};
use super::vault;
use crate::config::Settings;
use crate::config::keys::KeySource;
use crate::crypto::data_keys::DataKeys;
use crate::startup::keys::load_data_keys;
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// Loads them; on an error prints it and returns the exit code.
pub fn load(settings: &Settings, runtime: &Runtime) -> Result<DataKeys, ExitCode> {
    let vault = match settings.auth.keys {
        KeySource::Vault { .. } => Some(vault::client(settings)?),
        KeySource::Settings { .. } | KeySource::Generated => None,
    };
    let loaded = runtime.block_on(async {
        let loaded = load_data_keys(&settings.auth, vault.as_ref()).await;
        if let Some(vault) = vault {
            vault.close().await;
        }
        loaded
    });
    loaded.map_err(|error| {
        let code = if error.is_configuration() { EXIT_CONFIG } else { 1 };
        fail(code, &error)
    })
}

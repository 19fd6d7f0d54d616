//! Loads the data keys for commands.

use super::exit::{EXIT_CONFIG, fail};
use super::vault;
use crate::config::Settings;
use crate::config::keys::KeySource;
use crate::crypto::data_keys::DataKeys;
use crate::secrets::vault::Vault;
use crate::startup::keys::load_data_keys;
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// Loads them; on an error prints it and returns the exit code. From Vault they are read with the client that issued the
/// command's login, or else with one of their own.
pub fn load(settings: &Settings, issuing: Option<&Vault>, runtime: &Runtime) -> Result<DataKeys, ExitCode> {
    let own = match (&settings.auth.keys, issuing) {
        (KeySource::Vault { .. }, None) => Some(vault::client(settings)?),
        (KeySource::Vault { .. } | KeySource::Settings { .. } | KeySource::Generated, _) => None,
    };
    let loaded = runtime.block_on(async {
        let loaded = load_data_keys(&settings.auth, issuing.or(own.as_ref())).await;
        if let Some(own) = own {
            own.close().await;
        }
        loaded
    });
    loaded.map_err(|error| {
        let code = if error.is_configuration() { EXIT_CONFIG } else { 1 };
        fail(code, &error)
    })
}

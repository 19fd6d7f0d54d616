//! Vault's client for commands, which do not wait while it is unavailable.

use super::exit::{EXIT_CONFIG, fail};
use crate::config::Settings;
use crate::config::setting_names::PREFIX;
use crate::secrets::vault::Vault;
use crate::telemetry::logs::Telemetry;
use std::process::ExitCode;

/// The client; if there is none, prints an error and returns the exit code. Its token ends with `close`.
pub fn client(settings: &Settings) -> Result<Vault, ExitCode> {
    let Some(vault) = &settings.vault else {
        return Err(fail(EXIT_CONFIG, &format!("{PREFIX}VAULT_ADDRESS: is not set")));
    };
    let telemetry = Telemetry::quiet().map_err(|error| fail(1, &error))?;
    Vault::new(vault, "command", telemetry.metrics).map_err(|error| fail(EXIT_CONFIG, &error))
}

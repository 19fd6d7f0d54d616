//! `portcullis keys reseal`: encrypts stored values with the newest data key, so that older keys can be removed.

use super::accounts::start_db;
use super::data_keys;
use super::exit::{check_credentials, fail, print};
use super::runtime::runtime;
use crate::config::{Settings, operator};
use crate::domain::accounts::resealing::{Resealed, reseal};
use crate::secrets::vault::Vault;
use crate::types::account::AccountId;
use crate::types::client_info::ClientInfo;
use std::process::ExitCode;

/// Runs the command; `vault` is the client that issued the login, if any.
pub fn run(settings: &Settings, vault: Option<&Vault>) -> ExitCode {
    if let Err(code) = check_credentials(&settings.database.accounts) {
        return code;
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let keys = match data_keys::load(settings, vault, &runtime) {
        Ok(keys) => keys,
        Err(code) => return code,
    };
    let db = match start_db(settings) {
        Ok(db) => db,
        Err(error) => return fail(1, &error),
    };
    let resealed = runtime.block_on(reseal(&db, &keys, &ClientInfo::operator(operator::current())));
    db.close();
    match resealed {
        Ok(resealed) => report(&resealed, &keys.newest().id().to_string()),
        Err(error) => fail(1, &error),
    }
}

fn report(resealed: &Resealed, kid: &str) -> ExitCode {
    let all = resealed.current + resealed.resealed;
    let code = print(&format!(
        "data key {kid}: {} second factors resealed, {all} in all\n",
        resealed.resealed
    ));
    if resealed.unreadable.is_empty() {
        return code;
    }
    let accounts = resealed
        .unreadable
        .iter()
        .map(|id| AccountId::get(*id).to_string());
    let accounts = accounts.collect::<Vec<_>>().join(", ");
    fail(
        1,
        &format!("no data key decrypts the second factors of these accounts: {accounts}"),
    )
}

//! `portcullis audit record-restore`: verifies a restored database, and records in its audit log from which backup it is.

use super::accounts::start_db;
use super::data_keys;
use super::exit::{check_credentials, fail, note, print};
use super::runtime::runtime;
use crate::config::{Settings, operator};
use crate::domain::accounts::resealing::list_unreadable;
use crate::domain::audit::completeness::Expected;
use crate::domain::audit::restoration::{Restoration, record};
use crate::domain::audit::verify::{VerifyError, verify};
use crate::secrets::vault::Vault;
use crate::types::client_info::ClientInfo;
use std::process::ExitCode;

/// Exit code if the chain is broken, or nothing could be recorded.
const EXIT_FAILED: u8 = 1;

/// Exit code if the chain is not that of the backup.
const EXIT_OTHER_CHAIN: u8 = 3;

/// Exit code if no data key decrypts a stored second factor: EX_DATAERR of sysexits.h.
const EXIT_WRONG_KEY: u8 = 65;

/// Exit code if the database cannot be read: EX_UNAVAILABLE.
const EXIT_UNAVAILABLE: u8 = 69;

/// Runs the command; `vault` is the client that issued the login, if any.
pub fn run(settings: &Settings, vault: Option<&Vault>, restoration: Restoration) -> ExitCode {
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
    let count = match verify(&settings.database, Expected::default(), &mut |_| {}) {
        Ok((chain, _)) => chain.count,
        Err(error @ VerifyError::Broken(_)) => return fail(EXIT_FAILED, &error),
        Err(error) => return fail(EXIT_UNAVAILABLE, &error),
    };
    let db = match start_db(settings) {
        Ok(db) => db,
        Err(error) => return fail(EXIT_FAILED, &error),
    };
    let code = match runtime.block_on(list_unreadable(&db, &keys)) {
        Err(error) => fail(EXIT_UNAVAILABLE, &error),
        Ok((factors, unreadable)) if !unreadable.is_empty() => fail(
            EXIT_WRONG_KEY,
            &format!(
                "DATA_KEY is not the one of the backup: it decrypts {} of {factors} second factors; nothing was recorded",
                factors - unreadable.len() as u64
            ),
        ),
        Ok((factors, _)) => {
            if factors == 0 {
                note(
                    &"no second factor is stored, so nothing shows whether DATA_KEY is the one of the backup",
                );
            }
            let backup = restoration.backup.to_string();
            let client = ClientInfo::operator(operator::current());
            match runtime.block_on(record(&db, restoration, &client)) {
                Ok(true) => print(&format!(
                    "recorded as event {}: restored from {backup}, {count} events verified, {factors} second factors decrypted\n",
                    count + 1
                )),
                Ok(false) => fail(
                    EXIT_OTHER_CHAIN,
                    &"the audit log does not end with the backup's last event; nothing was recorded",
                ),
                Err(error) => fail(EXIT_FAILED, &format!("{error}; nothing was recorded")),
            }
        }
    };
    db.close();
    code
}

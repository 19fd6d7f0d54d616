//! Tokens of mailed links without reading the mail: a token is derived from its ID in the outbox and the data key.

use super::database::{DATA_KEY, Database};
use super::run_log;
use portcullis::crypto::data_key::DataKey;

/// The tokens of the mails of a kind to an address, oldest first.
pub fn tokens(database: &Database, kind: &str, address: &str) -> Vec<String> {
    let key = DataKey::parse(DATA_KEY).unwrap();
    let ids = database.lines(&format!(
        "SELECT link_id::text AS line FROM mail.outbox WHERE kind = '{kind}' AND recipient = '{address}' ORDER BY id"
    ));
    let token = |id: &String| {
        let token = key.link_token(id.parse().unwrap()).reveal().to_owned();
        run_log::record_secret(&token);
        token
    };
    ids.iter().map(token).collect()
}

/// The token of the newest mail of a kind to an address.
pub fn token(database: &Database, kind: &str, address: &str) -> String {
    let tokens = tokens(database, kind, address);
    tokens
        .last()
        .unwrap_or_else(|| panic!("no {kind} mail to {address}"))
        .clone()
}

/// The mails in the outbox, oldest first, as `kind recipient`.
pub fn list_outbox(database: &Database) -> Vec<String> {
    database.lines("SELECT concat_ws(' ', kind, recipient) AS line FROM mail.outbox ORDER BY id")
}

//! The control interface of tests: `/control/…` beside `/v1/…`, without a token.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::clock;
use crate::core::{Rule, Vault, sweep};

/// How far the clock moves; negative is backward.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: i64,
}

/// Handles a call below `/control/`.
pub(crate) async fn handle(vault: &Vault, path: &str, method: &str, body: &Bytes) -> Answer {
    let answer = match (path, method) {
        ("clock", "GET") => Ok(time(vault)),
        ("clock", "POST") => match parsed::<Advance>(body) {
            Ok(Advance { advance_ms }) => {
                vault.clock.advance(advance_ms);
                // What is over by the new time has ended when the answer is sent.
                sweep(vault).await;
                Ok(time(vault))
            }
            Err(error) => Err(error),
        },
        ("clock", "DELETE") => {
            vault.clock.stop();
            Ok(time(vault))
        }
        ("rules", "POST") => parsed::<Rule>(body).map(|rule| {
            vault.injected.add(rule);
            Answer::empty(204)
        }),
        ("rules", "DELETE") => {
            vault.injected.clear();
            Ok(Answer::empty(204))
        }
        ("frozen", "PUT") => parsed::<bool>(body).map(|frozen| {
            vault.injected.set_frozen(frozen);
            Answer::empty(204)
        }),
        ("audit-full", "PUT") => parsed::<bool>(body).map(|full| {
            vault.injected.set_audit_full(full);
            Answer::empty(204)
        }),
        _ => Ok(Answer::bare(404, json!({"error": "no such control"}))),
    };
    answer.unwrap_or_else(|error| Answer::bare(400, json!({ "error": error })))
}

fn time(vault: &Vault) -> Answer {
    Answer::bare(200, json!({"now": clock::nanoseconds(vault.now())}))
}

fn parsed<T: for<'de> Deserialize<'de>>(body: &Bytes) -> Result<T, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

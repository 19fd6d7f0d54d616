//! `sys/quotas/…`.

use serde_json::json;

use crate::answer::{Refusal, Reply, Success};
use crate::call::{Call, Operation};
use crate::core::quota::Quota;
use crate::core::vault::Vault;

/// Handles a call below `sys/quotas/`.
pub(crate) fn handle(vault: &Vault, call: &Call, below: &[&str]) -> Result<Success, Refusal> {
    let mut state = vault.state();
    let quotas = &mut state.quotas;
    match (below, call.operation) {
        (["config"], Operation::Write) => {
            let flag = call.flag("enable_rate_limit_response_headers");
            quotas.sends_headers = flag.unwrap_or(quotas.sends_headers);
            Ok(Success::NoContent)
        }
        (["rate-limit"] | ["rate-limit", ""], Operation::List) => {
            let keys: Vec<&String> = quotas.by_name.keys().collect();
            if keys.is_empty() {
                return Err(Refusal::not_found());
            }
            Ok(Reply::data(json!({ "keys": keys })).into())
        }
        (["rate-limit", name], Operation::Read) => {
            let quota = quotas.by_name.get(*name).ok_or_else(Refusal::not_found)?;
            Ok(Reply::data(quota.fields(name)).into())
        }
        (["rate-limit", name], Operation::Write) => {
            let path = call.text("path").unwrap_or_default();
            let mut others = quotas.by_name.iter();
            if let Some((other, _)) = others.find(|(other, quota)| other != name && quota.path == path) {
                let text = format!("quota rule with similar properties exists under the name \"{other}\"");
                return Err(Refusal::bad_request(text));
            }
            let role = call.text("role").unwrap_or_default();
            let interval = call.seconds("interval")?.unwrap_or(1).max(1);
            let quota = Quota::new(path, role, call.integer("rate").unwrap_or(0), interval, call.now);
            quotas.by_name.insert((*name).to_owned(), quota);
            Ok(Success::NoContent)
        }
        (["rate-limit", name], Operation::Delete) => {
            quotas.by_name.remove(*name);
            Ok(Success::NoContent)
        }
        (["config"] | ["rate-limit", _], _) => Err(Refusal::unsupported_operation()),
        _ => Err(Refusal::unsupported_path()),
    }
}

//! `sys/policies/acl/…` and `sys/capabilities-self`.

use serde_json::{Map, json};

use crate::answer::{Refusal, Reply, Success};
use crate::call::{Call, Operation};
use crate::clock;
use crate::core::state::Policy;
use crate::core::vault::Vault;
use crate::policy;
use crate::token::Token;

/// The list of policies; `root` has no text and comes last.
pub(crate) fn list(vault: &Vault) -> Success {
    let state = vault.state();
    let mut keys: Vec<&str> = state.policies.keys().map(String::as_str).collect();
    keys.push("root");
    Reply::data(json!({ "keys": keys })).into()
}

/// One policy.
pub(crate) fn handle(vault: &Vault, call: &Call, name: &str) -> Result<Success, Refusal> {
    let mut state = vault.state();
    match call.operation {
        Operation::Read => {
            let found = state.policies.get(name).ok_or_else(Refusal::not_found)?;
            Ok(Reply::data(json!({
                "allow_slashes_in_identity_templates": false,
                "allow_wildcards_in_identity_templates": false,
                "cas_required": false,
                "modified": clock::nanoseconds(found.modified),
                "name": name,
                "policy": found.text,
                "version": found.version,
            }))
            .into())
        }
        Operation::Write => {
            let text = call.text("policy").unwrap_or_default();
            let document = policy::parse(&text);
            let document =
                document.map_err(|error| Refusal::bad_request(format!("failed to parse policy: {error}")))?;
            let version = state.policies.get(name).map_or(0, |found| found.version) + 1;
            let written = Policy {
                text,
                document,
                version,
                modified: call.now,
            };
            state.policies.insert(name.to_owned(), written);
            Ok(Success::NoContent)
        }
        Operation::Delete => {
            state.policies.remove(name);
            Ok(Success::NoContent)
        }
        _ => Err(Refusal::unsupported_operation()),
    }
}

/// What the caller may do on some paths.
pub(crate) fn capabilities(vault: &Vault, call: &Call, caller: &Token) -> Success {
    let acl = vault.state().acl(caller);
    let paths = call
        .list("paths")
        .or_else(|| call.list("path"))
        .unwrap_or_default();
    let entries = paths.into_iter().map(|path| {
        let names = json!(acl.capabilities(&path));
        (path, names)
    });
    let data = entries.collect::<Map<_, _>>().into();
    Reply {
        data,
        repeats_data: true,
        ..Reply::default()
    }
    .into()
}

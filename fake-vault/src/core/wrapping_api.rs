//! `sys/wrapping/…`: what opens a wrapped reply, and what makes one.

use serde_json::{Value, json};

use crate::answer::{Refusal, Reply, Success, wrapped};
use crate::call::{Call, Operation};
use crate::core::vault::Vault;
use crate::core::wrapping::Wrapped;
use crate::policy::Capability;

/// `unwrap` and `lookup`, which a wrapping token may call without any policy.
pub(crate) fn open(vault: &Vault, call: &Call) -> Result<Success, Refusal> {
    if call.operation != Operation::Write {
        return Err(Refusal::unsupported_operation());
    }
    if call.path.ends_with("lookup") {
        look_up(vault, call)
    } else {
        unwrap(vault, call)
    }
}

fn invalid() -> Refusal {
    Refusal::bad_request("wrapping token is not valid or does not exist")
}

fn look_up(vault: &Vault, call: &Call) -> Result<Success, Refusal> {
    let token = call
        .filled("token")
        .or_else(|| call.token.clone())
        .ok_or_else(invalid)?;
    let state = vault.state();
    let found = state.wrappings.find(&token, call.now).ok_or_else(invalid)?;
    Ok(Reply::data(found.details()).into())
}

fn unwrap(vault: &Vault, call: &Call) -> Result<Success, Refusal> {
    let mut state = vault.state();
    let token = match (call.filled("token"), call.token.clone()) {
        (None, None) => {
            return Err(Refusal::plain(
                403,
                "error validating wrapping token: token is empty",
            ));
        }
        (None, Some(token)) => token,
        (Some(token), own) => {
            state.wrappings.find(&token, call.now).ok_or_else(invalid)?;
            if own.as_ref() != Some(&token) {
                let caller = state
                    .tokens
                    .use_once(&own.unwrap_or_default(), call.source, call.now)?;
                let acl = state.acl(&caller);
                if !acl.allows(Capability::Write, &call.path, false, call.wrap_ttl) {
                    return Err(Refusal::outside_policy());
                }
            }
            token
        }
    };
    let opened = state.wrappings.take(&token, call.now).ok_or_else(invalid)?;
    Ok(Success::Unwrapped(opened.envelope))
}

/// `wrap` and `rewrap`.
pub(crate) fn handle(vault: &Vault, call: &Call, action: &str) -> Result<Success, Refusal> {
    match action {
        "wrap" => {
            if call.wrap_ttl.is_none() {
                return Err(Refusal::bad_request(
                    "endpoint requires response wrapping to be used",
                ));
            }
            Ok(Reply::data(Value::Object(call.body.clone())).into())
        }
        "rewrap" => {
            let token = call.filled("token").ok_or_else(invalid)?;
            let mut state = vault.state();
            let Wrapped {
                envelope,
                path,
                ttl,
                accessor,
                ..
            } = state.wrappings.take(&token, call.now).ok_or_else(invalid)?;
            let again = Wrapped::new(envelope, path, ttl, accessor, call.now);
            let info = json!(state.wrappings.create(again));
            Ok(Success::Wrapped(wrapped(&info)))
        }
        _ => Err(Refusal::unsupported_path()),
    }
}

//! The operations that need neither token nor open seal: health, seal status, initialisation, unsealing, leader.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::core::request::Request;
use crate::core::seal::{UnsealOutcome, decoded_share, hex};
use crate::core::vault::{Node, Vault};

/// Handles a request; `None` when it is for another operation.
pub(crate) fn handle(vault: &Vault, node: Node, path: &str, request: &Request) -> Option<Answer> {
    let method = request.method.as_str();
    if let ("sys/health", Some(namespace)) = (path, &request.namespace) {
        let mut answer: Answer = Refusal::bad_request("operation unavailable in namespaces").into();
        answer.headers.push(("x-vault-namespace", namespace.clone()));
        return Some(answer);
    }
    let result = match (path, method) {
        ("sys/health", "GET" | "HEAD") => {
            let is_standby = node == Node::Standby;
            let (status, body) = vault.state().seal.health(&request.query, is_standby, vault.now());
            Ok(if method == "HEAD" {
                Answer::empty(status)
            } else {
                Answer::bare(status, body)
            })
        }
        ("sys/seal-status", "GET") => Ok(Answer::bare(200, vault.state().seal.status())),
        ("sys/leader", "GET") => leader(vault, node),
        ("sys/init", "GET") => {
            let initialized = vault.state().seal.is_initialized();
            Ok(Answer::bare(200, json!({ "initialized": initialized })))
        }
        ("sys/init", "POST" | "PUT") => initialize(vault, request),
        ("sys/unseal", "POST" | "PUT") => unseal(vault, request),
        ("sys/seal", "POST" | "PUT") if vault.state().seal.is_sealed => Ok(Answer::empty(204)),
        ("sys/health" | "sys/seal-status" | "sys/leader" | "sys/init" | "sys/unseal", _) => Err(Refusal {
            status: 405,
            errors: Vec::new(),
        }),
        _ => return None,
    };
    Some(result.unwrap_or_else(Answer::from))
}

fn leader(vault: &Vault, node: Node) -> Result<Answer, Refusal> {
    let state = vault.state();
    if state.seal.is_sealed {
        return Err(Refusal::plain(503, "Vault is sealed"));
    }
    let is_standby = node == Node::Standby;
    // There is no cluster behind it.
    let body = state.seal.leader(&vault.address, &vault.address, is_standby);
    Ok(Answer::bare(200, body))
}

fn initialize(vault: &Vault, request: &Request) -> Result<Answer, Refusal> {
    let fields = request.fields()?;
    let mut state = vault.state();
    if state.seal.is_initialized() {
        return Err(Refusal::bad_request("Vault is already initialized"));
    }
    let number = |name: &str| {
        fields
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
    };
    let (shares, threshold) = (
        number("secret_shares").unwrap_or(0),
        number("secret_threshold").unwrap_or(0),
    );
    let refused = |text: &str| Refusal::bad_request(format!("invalid seal configuration: {text}"));
    if shares == 0 || threshold == 0 {
        return Err(refused("shares must be at least one"));
    }
    if threshold > shares {
        return Err(refused("threshold cannot be larger than shares"));
    }
    let shares = state.seal.initialize(shares, threshold);
    let keys: Vec<String> = shares.iter().map(|share| hex(share)).collect();
    let keys_base64: Vec<String> = shares.iter().map(|share| STANDARD.encode(share)).collect();
    let root_token = state.tokens.create_root(vault.now());
    let body = json!({"keys": keys, "keys_base64": keys_base64, "root_token": root_token});
    Ok(Answer::bare(200, body))
}

fn unseal(vault: &Vault, request: &Request) -> Result<Answer, Refusal> {
    let fields = request.fields()?;
    let mut state = vault.state();
    if !state.seal.is_initialized() {
        return Err(Refusal::bad_request("Vault is not initialized"));
    }
    let key = fields.get("key").and_then(Value::as_str).unwrap_or_default();
    if fields.get("reset") == Some(&Value::Bool(true)) {
        state.seal.reset();
    } else if key.is_empty() {
        let text = "'key' must be specified in request body as JSON, or 'reset' set to true";
        return Err(Refusal::bad_request(text));
    } else {
        let share = decoded_share(key);
        let share =
            share.ok_or_else(|| Refusal::bad_request("'key' must be a valid hex or base64 string"))?;
        if state.seal.is_sealed
            && let UnsealOutcome::Wrong = state.seal.unseal(share, vault.now())
        {
            let text = "unable to retrieve stored keys: invalid key: failed to decrypt keys from storage: cipher: message authentication failed";
            return Err(Refusal::bad_request(text));
        }
        vault.wake.notify_one();
    }
    Ok(Answer::bare(200, state.seal.status()))
}

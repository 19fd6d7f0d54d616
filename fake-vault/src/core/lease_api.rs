//! `sys/leases/…`: look-up, renewal, revocation and lists of leases.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::answer::{Answer, LeaseTerms, Payload, Refusal, Reply, Success, listed};
use crate::call::{Call, Operation};
use crate::core::credentials;
use crate::core::lease::Lease;
use crate::core::vault::Vault;
use crate::database::SqlError;
use crate::token::ttl_warning;

/// Handles a call below `sys/leases`.
pub(crate) async fn handle(vault: &Vault, call: &Call, below: &[&str]) -> Result<Success, Refusal> {
    let path = || below[1..].join("/");
    match (below, call.operation) {
        ([], Operation::Read) => Ok(irrevocable(vault)),
        (["count"], Operation::Read) => Ok(count(vault)),
        (["lookup"], Operation::Write) => look_up(vault, call),
        (["lookup", ..], Operation::List) => list(vault, &path()),
        (["renew", ..], Operation::Write) => renew(vault, call, &path()).await,
        (["revoke", ..], Operation::Write) => revoke(vault, call, &path()).await,
        (["revoke-prefix", _, ..], Operation::Write) => revoke_prefix(vault, &path()).await,
        (["revoke-force", _, ..], Operation::Write) => {
            let mut state = vault.state();
            for lease in state.leases.below(&path()) {
                state.leases.remove(&lease.id);
            }
            Ok(Success::NoContent)
        }
        (["lookup" | "renew" | "revoke" | "count", ..], _) => Err(Refusal::unsupported_operation()),
        _ => Err(Refusal::unsupported_path()),
    }
}

/// The lease id of a call, in the body or the path.
fn id(call: &Call, path: &str) -> Result<String, Refusal> {
    match call.body.get("lease_id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id.clone()),
        None | Some(Value::Null | Value::String(_)) if !path.is_empty() => Ok(path.to_owned()),
        None | Some(Value::Null | Value::String(_)) => {
            Err(Refusal::bad_request("lease_id must be specified"))
        }
        Some(_) => Err(Refusal::bad_request("invalid lease ID")),
    }
}

fn look_up(vault: &Vault, call: &Call) -> Result<Success, Refusal> {
    let id = id(call, "")?;
    let state = vault.state();
    let lease = state
        .leases
        .get(&id)
        .ok_or_else(|| Refusal::bad_request("invalid lease"))?;
    Ok(Reply::data(lease.details(call.now)).into())
}

async fn renew(vault: &Vault, call: &Call, path: &str) -> Result<Success, Refusal> {
    let id = id(call, path)?;
    let wish = call.seconds("increment").map_err(|refusal| {
        Refusal::bad_request(format!("Field validation failed: {}", refusal.errors.join("")))
    })?;
    let lease = vault.state().leases.get(&id).cloned();
    let lease = lease.ok_or_else(|| Refusal::bad_request("lease not found"))?;
    if lease.is_irrevocable() {
        let text = "lease is expired and has failed previous revocation attempts";
        return Err(Refusal::bad_request(text));
    }
    if lease.is_expired(call.now) {
        return Err(Refusal::bad_request("lease expired"));
    }
    let wish = wish.filter(|wish| *wish > 0).unwrap_or(lease.default_ttl);
    let age = (call.now - lease.issued).num_milliseconds();
    let remaining = (lease.max_ttl * 1000 - age).div_euclid(1000);
    let mut ttl = wish.min(remaining);
    let warnings = if wish > remaining {
        vec![ttl_warning(wish, remaining)]
    } else {
        Vec::new()
    };
    if let Some(end) = lease.batch_end {
        ttl = ttl.min((end - call.now).num_seconds());
    }
    credentials::extend(vault, &lease, ttl).await.map_err(|error| {
        let inner = listed(error.text());
        Refusal::bad_request(format!(
            "failed to renew entry: resp: (*logical.Response)(nil) err: {inner}"
        ))
    })?;
    if let Some(lease) = vault.state().leases.get_mut(&id) {
        lease.expires = call.now + TimeDelta::seconds(ttl);
        lease.last_renewal = Some(call.now);
    }
    let lease = Some(LeaseTerms {
        id,
        renewable: true,
        duration: ttl,
    });
    Ok(Reply {
        lease,
        warnings,
        ..Reply::default()
    }
    .into())
}

async fn revoke(vault: &Vault, call: &Call, path: &str) -> Result<Success, Refusal> {
    let id = id(call, path)?;
    let found = vault.state().leases.get(&id).cloned();
    let is_queued = call.flag("sync") == Some(false);
    if is_queued {
        if let Some(lease) = vault.state().leases.get_mut(&id) {
            lease.end(call.now);
        }
        vault.wake.notify_one();
        return Ok(Success::Accepted);
    }
    if let Some(lease) = found {
        let revoked = credentials::revoke(vault, &lease).await;
        revoked.map_err(|error| Refusal::bad_request(failure(&error)))?;
    }
    Ok(Success::NoContent)
}

async fn revoke_prefix(vault: &Vault, prefix: &str) -> Result<Success, Refusal> {
    let leases = vault.state().leases.below(prefix);
    let total = leases.len();
    for (number, lease) in (1..).zip(leases) {
        let revoked = credentials::revoke(vault, &lease).await;
        revoked.map_err(|error| {
            let (id, failure) = (&lease.id, failure(&error));
            Refusal::bad_request(format!(
                "failed to revoke \"{id}\" ({number} / {total}): {failure}"
            ))
        })?;
    }
    Ok(Success::NoContent)
}

fn failure(error: &SqlError) -> String {
    format!(
        "failed to revoke entry: resp: (*logical.Response)(nil) err: {}",
        error.text()
    )
}

fn list(vault: &Vault, prefix: &str) -> Result<Success, Refusal> {
    let prefix = prefix.trim_end_matches('/');
    let leases = vault.state().leases.below(prefix);
    if leases.is_empty() {
        return Err(Refusal::not_found());
    }
    let name = |lease: &Lease| {
        let below = lease.id.get(prefix.len() + 1..).unwrap_or_default();
        below
            .split_once('/')
            .map_or_else(|| below.to_owned(), |(first, _)| format!("{first}/"))
    };
    let mut keys: Vec<String> = leases.iter().map(name).collect();
    keys.dedup();
    Ok(Reply::data(json!({ "keys": keys })).into())
}

fn count(vault: &Vault) -> Success {
    let state = vault.state();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for lease in state.leases.irrevocable() {
        let accessor = state
            .mounts
            .get(&lease.mount)
            .map_or("", |mount| mount.accessor.as_str());
        *counts.entry(accessor).or_default() += 1;
    }
    let total: u64 = counts.values().sum();
    Reply::data(json!({"counts": counts, "lease_count": total})).into()
}

fn irrevocable(vault: &Vault) -> Success {
    let state = vault.state();
    let entry = |lease: &&Lease| json!({"lease_id": lease.id, "error": lease.revoke_error});
    let leases: Vec<Value> = state.leases.irrevocable().iter().map(entry).collect();
    Reply::data(json!({"lease_count": leases.len(), "leases": leases})).into()
}

/// Lets the lease that this answer issues end after a time, whatever the answer states.
pub(crate) fn end_lease_after(vault: &Vault, answer: &Answer, milliseconds: i64) {
    let Payload::Json { body, .. } = &answer.payload else {
        return;
    };
    let now = vault.now();
    let id = body["lease_id"].as_str().unwrap_or_default();
    if let Some(lease) = vault.state().leases.get_mut(id) {
        lease.expires = now + TimeDelta::milliseconds(milliseconds);
    }
}

//! `sys/mounts`, `sys/auth` and their `tune`.

use serde_json::{Value, json};

use crate::answer::{Refusal, Reply, Success};
use crate::call::{Call, Operation};
use crate::core::mount::{Engine, Mount};
use crate::core::vault::Vault;

/// The list of all mounts of one kind: twice in one answer, under `data` and on top.
pub(crate) fn list(vault: &Vault, is_auth: bool) -> Success {
    let data = vault.state().mounts.list(is_auth);
    Reply {
        data,
        repeats_data: true,
        ..Reply::default()
    }
    .into()
}

/// One mount, or its settings when the path ends with `/tune`.
pub(crate) fn handle(vault: &Vault, call: &Call, name: &str, is_auth: bool) -> Result<Success, Refusal> {
    let prefix = if is_auth { "auth/" } else { "" };
    if let Some(name) = name.strip_suffix("/tune") {
        return tune(vault, call, &format!("{prefix}{name}/"));
    }
    let path = format!("{prefix}{}/", name.trim_end_matches('/'));
    let mut state = vault.state();
    match call.operation {
        Operation::Write if state.mounts.get(&path).is_some() => {
            Err(Refusal::bad_request(format!("path is already in use at {name}/")))
        }
        Operation::Write => {
            let type_name = call.filled("type").unwrap_or_default();
            let options = call.body.get("options").filter(|options| options.is_object());
            let options = options.cloned().unwrap_or_else(|| json!({}));
            let mount = Mount::new(&type_name, is_auth, options);
            let missing = || Refusal::bad_request(format!("plugin not found in the catalog: {type_name}"));
            state.mounts.insert(path, mount.ok_or_else(missing)?);
            Ok(Success::NoContent)
        }
        Operation::Delete => {
            state.mounts.remove(&path);
            Ok(Success::NoContent)
        }
        _ => Err(Refusal::unsupported_operation()),
    }
}

fn tune(vault: &Vault, call: &Call, path: &str) -> Result<Success, Refusal> {
    let mut state = vault.state();
    let missing = || Refusal::bad_request("no mount at this path");
    let mount = state.mounts.get_mut(path).ok_or_else(missing)?;
    match call.operation {
        Operation::Read => {
            let mut data = json!({
                "default_lease_ttl": mount.default_lease_ttl,
                "description": "",
                "force_no_cache": false,
                "max_lease_ttl": mount.max_lease_ttl,
            });
            // By the documentation: the recording has no such answer.
            if let Engine::AppRole(approle) = &mount.engine {
                data["user_lockout_disable"] = json!(approle.lockout.is_disabled);
            }
            Ok(Reply {
                data,
                repeats_data: true,
                ..Reply::default()
            }
            .into())
        }
        Operation::Write => {
            mount.default_lease_ttl = call
                .seconds("default_lease_ttl")?
                .unwrap_or(mount.default_lease_ttl);
            mount.max_lease_ttl = call.seconds("max_lease_ttl")?.unwrap_or(mount.max_lease_ttl);
            let disabled = call
                .body
                .get("user_lockout_config")
                .and_then(|config| config["lockout_disable"].as_bool());
            if let (Engine::AppRole(approle), Some(disabled)) = (&mut mount.engine, disabled) {
                approle.lockout.is_disabled = disabled;
            }
            Ok(Success::NoContent)
        }
        _ => Err(Refusal::unsupported_operation()),
    }
}

/// The names that too many failed logins have locked.
pub(crate) fn locked_users(vault: &Vault, call: &Call) -> Success {
    let state = vault.state();
    let mut accessors: Vec<Value> = Vec::new();
    let mut total = 0;
    for (_, mount) in state.mounts.iter() {
        let Engine::AppRole(approle) = &mount.engine else {
            continue;
        };
        let locked = approle.lockout.locked(call.now);
        if !locked.is_empty() {
            total += locked.len();
            accessors.push(json!({
                "mount_accessor": mount.accessor,
                "counts": locked.len(),
                "alias_identifiers": locked,
            }));
        }
    }
    let namespace = json!({
        "namespace_id": "root",
        "namespace_path": "",
        "counts": total,
        "mount_accessors": accessors,
    });
    let by_namespace = if total == 0 { Vec::new() } else { vec![namespace] };
    Reply::data(json!({"by_namespace": by_namespace, "total": total})).into()
}

//! Mounts: an engine or login method at a path.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::auth::{AppRole, Jwt, Kubernetes};
use crate::database::Database;
use crate::kv::Kv;
use crate::random;
use crate::transit::Transit;

/// What is mounted.
#[derive(Serialize, Deserialize)]
pub(crate) enum Engine {
    /// Handled by the core: `sys/`, `auth/token/`, and mounts that only are listed.
    BuiltIn,
    AppRole(AppRole),
    Jwt(Jwt),
    Kubernetes(Kubernetes),
    Database(Database),
    Kv(Kv),
    Transit(Transit),
}

/// One mount.
#[derive(Serialize, Deserialize)]
pub(crate) struct Mount {
    pub(crate) engine: Engine,
    type_name: String,
    pub(crate) accessor: String,
    uuid: String,
    description: String,
    options: Value,
    /// In seconds; 0 is the server's.
    pub(crate) default_lease_ttl: i64,
    pub(crate) max_lease_ttl: i64,
    is_auth: bool,
}

impl Mount {
    /// A new mount of this type; `None` when there is no such type.
    pub(crate) fn new(type_name: &str, is_auth: bool, options: Value) -> Option<Mount> {
        let engine = match (type_name, is_auth) {
            ("approle", true) => Engine::AppRole(AppRole::default()),
            ("jwt", true) => Engine::Jwt(Jwt::default()),
            ("kubernetes", true) => Engine::Kubernetes(Kubernetes::default()),
            ("database", false) => Engine::Database(Database::default()),
            ("kv", false) => Engine::Kv(Kv::default()),
            ("transit", false) => Engine::Transit(Transit::default()),
            _ => return None,
        };
        Some(Mount::with(engine, type_name, is_auth, "", options))
    }

    fn with(engine: Engine, type_name: &str, is_auth: bool, description: &str, options: Value) -> Mount {
        let prefix = if is_auth { "auth_" } else { "" };
        Mount {
            engine,
            type_name: type_name.to_owned(),
            accessor: format!("{prefix}{type_name}_{}", random::hex(8)),
            uuid: random::uuid(),
            description: description.to_owned(),
            options,
            default_lease_ttl: 0,
            max_lease_ttl: 0,
            is_auth,
        }
    }

    /// The entry in a list of mounts.
    fn describe(&self) -> Value {
        let mut config = json!({
            "default_lease_ttl": self.default_lease_ttl,
            "force_no_cache": false,
            "max_lease_ttl": self.max_lease_ttl,
        });
        match self.type_name.as_str() {
            "identity" => config["passthrough_request_headers"] = json!(["Authorization"]),
            "system" => config["passthrough_request_headers"] = json!(["Accept"]),
            _ => {}
        }
        if self.is_auth {
            config["token_type"] = json!("default-service");
        }
        if let Engine::AppRole(AppRole { lockout, .. }) = &self.engine
            && lockout.is_disabled
        {
            config["user_lockout_config"] = json!({
                "user_lockout_counter_reset_duration": 0,
                "user_lockout_disable": true,
                "user_lockout_duration": 0,
                "user_lockout_threshold": 0,
            });
        }
        let mut entry = json!({
            "accessor": self.accessor,
            "config": config,
            "description": self.description,
            "external_entropy_access": false,
            "local": self.type_name == "cubbyhole",
            "options": self.options,
            "plugin_version": "",
            "running_plugin_version": "v2.6.2+builtin.bao",
            "running_sha256": "",
            "seal_wrap": self.type_name == "system",
            "type": self.type_name,
            "uuid": self.uuid,
        });
        if !matches!(self.engine, Engine::BuiltIn | Engine::Database(_)) {
            entry["deprecation_status"] = json!("supported");
        }
        entry
    }
}

/// All mounts by path, with a slash at its end; login methods begin with `auth/`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Mounts {
    by_path: BTreeMap<String, Mount>,
}

impl Mounts {
    /// The mounts of a new server.
    pub(crate) fn new() -> Mounts {
        let built_in = [
            ("identity/", "identity", false, "identity store"),
            (
                "sys/",
                "system",
                false,
                "system endpoints used for control, policy and debugging",
            ),
            (
                "cubbyhole/",
                "cubbyhole",
                false,
                "per-token private secret storage",
            ),
            ("auth/token/", "token", true, "token based credentials"),
        ];
        let mount = |(path, name, is_auth, text): (&str, &str, bool, &str)| {
            (
                path.to_owned(),
                Mount::with(Engine::BuiltIn, name, is_auth, text, Value::Null),
            )
        };
        Mounts {
            by_path: built_in.into_iter().map(mount).collect(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Mount> {
        self.by_path.get(path)
    }

    pub(crate) fn get_mut(&mut self, path: &str) -> Option<&mut Mount> {
        self.by_path.get_mut(path)
    }

    pub(crate) fn insert(&mut self, path: String, mount: Mount) {
        self.by_path.insert(path, mount);
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.by_path.remove(path);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Mount)> {
        self.by_path.iter()
    }

    /// The path of the mount that a request path is in: the longest one.
    pub(crate) fn path_of(&self, path: &str) -> Option<String> {
        let around = self
            .by_path
            .keys()
            .filter(|mount| path.starts_with(mount.as_str()));
        around.max_by_key(|mount| mount.len()).cloned()
    }

    /// The list of engines, or of login methods.
    pub(crate) fn list(&self, auth: bool) -> Value {
        let listed = self.by_path.iter().filter(|(_, mount)| mount.is_auth == auth);
        let entry = |(path, mount): (&String, &Mount)| {
            (
                path.strip_prefix("auth/").unwrap_or(path).to_owned(),
                mount.describe(),
            )
        };
        Value::Object(listed.map(entry).collect::<Map<String, Value>>())
    }

    /// The engine `database` at a mount.
    pub(crate) fn database(&mut self, path: &str) -> Option<&mut Database> {
        match &mut self.by_path.get_mut(path)?.engine {
            Engine::Database(database) => Some(database),
            _ => None,
        }
    }
}

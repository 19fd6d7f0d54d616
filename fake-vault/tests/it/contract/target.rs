//! A server under test: its set-up under names of this run, calls to it, and what it answered otherwise than expected.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::{self, Answer};
use crate::support::postgres::{FIRST_PASSWORD, Postgres};

pub struct Target<'a> {
    address: SocketAddr,
    pub root: String,
    wait: &'a dyn Fn(Duration),
    /// The prefix of mounts and policies.
    name: String,
    pub postgres: Postgres,
    pub failures: Vec<String>,
}

/// What an answer should be.
pub enum Want<'a> {
    Empty,
    /// The only error.
    Error(&'a str),
    /// The beginning of the only error.
    ErrorStart(&'a str),
    NoError,
    Body(&'a dyn Fn(&Value) -> bool),
}

/// The address and token of the real server.
#[expect(clippy::disallowed_methods, reason = "the environment names the server")]
pub fn from_environment() -> (SocketAddr, String) {
    let url = std::env::var("VAULT_ADDR").expect("VAULT_ADDR is set");
    let token = std::env::var("VAULT_TOKEN").expect("VAULT_TOKEN is set");
    let host = url
        .strip_prefix("http://")
        .expect("VAULT_ADDR begins with http://; TLS is not spoken");
    let address = host.trim_end_matches('/').to_socket_addrs().unwrap().next();
    (address.expect("VAULT_ADDR has an address"), token)
}

impl<'a> Target<'a> {
    pub fn new(address: SocketAddr, root: String, wait: &'a dyn Fn(Duration)) -> Target<'a> {
        let name = format!("contract-{}", std::process::id());
        Target {
            address,
            root,
            wait,
            name,
            postgres: Postgres::start(),
            failures: Vec::new(),
        }
    }

    /// A path below a mount of this run: `db/creds/app` → `contract-1-db/creds/app`.
    pub fn path(&self, below: &str) -> String {
        match below.strip_prefix("auth/") {
            Some(below) => format!("auth/{}-{below}", self.name),
            None => format!("{}-{below}", self.name),
        }
    }

    pub fn call(&self, method: &str, path: &str, token: &str, wrap: &str, body: &Value) -> Answer {
        let mut headers = Vec::new();
        for (name, value) in [("X-Vault-Token", token), ("X-Vault-Wrap-TTL", wrap)] {
            if !value.is_empty() {
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
        let text = body.to_string();
        let body = (!body.is_null()).then_some(text.as_bytes());
        client::send(self.address, method, &format!("/v1/{path}"), &headers, body)
    }

    pub fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, "", &Value::Null)
    }

    pub fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.call("POST", path, token, "", body)
    }

    /// Compares an answer; returns its body.
    pub fn expect(&mut self, what: &str, answer: &Answer, status: u16, want: &Want<'_>) -> Value {
        let body: Value = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let error = match errors.as_slice() {
            [error] => error.as_str().unwrap_or_default(),
            _ => "",
        };
        let is_as_wanted = match want {
            Want::Empty => answer.body.is_empty(),
            Want::Error(text) => error == *text,
            Want::ErrorStart(text) => error.starts_with(text),
            Want::NoError => errors.is_empty(),
            Want::Body(check) => has_envelope(&body) && check(&body),
        };
        if answer.status != status || !is_as_wanted {
            self.failures
                .push(format!("{what}: {} {}", answer.status, answer.body));
        }
        body
    }

    pub fn wait(&self, seconds: f64) {
        (self.wait)(Duration::from_secs_f64(seconds));
    }

    /// Mounts, a policy, an AppRole, a connection and roles.
    pub fn set_up(&mut self) {
        let root = self.root.clone();
        let db = self.path("db");
        let roles = |name: &str| self.path(&format!("db/roles/{name}"));
        let role = |default: u64, max: u64, revocation: &str| {
            json!({
                "db_name": "app",
                "default_ttl": default,
                "max_ttl": max,
                "creation_statements": ["SELECT vault_api.create_login('{{name}}', '{{password}}', '{{expiration}}', 'app_runtime', false);"],
                "renew_statements": ["SELECT vault_api.extend_login('{{name}}', '{{expiration}}');"],
                "revocation_statements": [revocation],
            })
        };
        let drop_login = "SELECT vault_api.drop_login('{{name}}');";
        let address = self.postgres.address();
        let connection = json!({
            "plugin_name": "postgresql-database-plugin",
            "connection_url": format!("postgresql://{{{{username}}}}:{{{{password}}}}@{address}/app?sslmode=disable&connect_timeout=3"),
            "username": "vault_min",
            "password": FIRST_PASSWORD,
            "password_authentication": "scram-sha-256",
            "allowed_roles": ["app-*"],
            "max_open_connections": 4,
            "username_template": "v-{{.RoleName | truncate 20}}-{{random 20}}-{{unix_time}}",
        });
        let mut writes = vec![
            (
                format!("sys/policies/acl/{}", self.name),
                json!({"policy": self.policy()}),
            ),
            (format!("sys/mounts/{db}"), json!({"type": "database"})),
            (
                format!("sys/mounts/{}", self.path("kv")),
                json!({"type": "kv", "options": {"version": "2"}}),
            ),
            (
                format!("sys/{}", self.path("auth/approle")),
                json!({"type": "approle"}),
            ),
            (
                self.path("auth/approle/role/service"),
                json!({
                    "token_policies": [self.name],
                    "token_no_default_policy": true,
                    "token_type": "service",
                    "token_period": "1h",
                    "secret_id_num_uses": 1,
                    "secret_id_ttl": "10m",
                }),
            ),
            (
                self.path("auth/approle/role/service/role-id"),
                json!({"role_id": "service"}),
            ),
            (format!("{db}/config/app"), connection),
        ];
        for (name, body) in [
            ("app-main", role(3600, 86_400, drop_login)),
            ("app-short", role(3, 8, drop_login)),
            ("app-stuck", role(60, 120, "SELECT vault_api.drop_login('no');")),
            ("app-other", role(60, 120, drop_login)),
            ("other", role(60, 120, drop_login)),
        ] {
            writes.push((roles(name), body));
        }
        for (path, body) in writes {
            let answer = self.post(&path, &root, &body);
            assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
        }
        // A new mount of KV becomes version 2 behind the answer.
        let config = self.path("kv/config");
        let is_ready = || self.post(&config, &root, &json!({"cas_required": true})).status < 300;
        let ready = (0..50).any(|_| {
            is_ready() || {
                std::thread::sleep(Duration::from_millis(100));
                false
            }
        });
        assert!(ready, "the engine kv does not become ready");
    }

    fn policy(&self) -> String {
        let mut text = String::new();
        for (path, capability) in [
            (self.path("db/creds/app-main"), "read"),
            (self.path("db/creds/app-s*"), "read"),
            (self.path("kv/data/*"), "read"),
            (self.path("kv/metadata/*"), "read"),
            ("sys/leases/renew".to_owned(), "update"),
            ("sys/leases/lookup".to_owned(), "update"),
            ("sys/leases/revoke".to_owned(), "update"),
            ("auth/token/lookup-self".to_owned(), "read"),
            ("auth/token/renew-self".to_owned(), "update"),
            ("auth/token/revoke-self".to_owned(), "update"),
        ] {
            text += &format!("path \"{path}\" {{ capabilities = [\"{capability}\"] }}\n");
        }
        text
    }

    /// Removes what the set-up made.
    pub fn tear_down(&self) {
        let force = format!("sys/leases/revoke-force/{}", self.path("db"));
        let _leases = self.post(&force, &self.root, &json!({}));
        for path in [
            format!("sys/mounts/{}", self.path("db")),
            format!("sys/mounts/{}", self.path("kv")),
            format!("sys/{}", self.path("auth/approle")),
            format!("sys/policies/acl/{}", self.name),
        ] {
            let answer = self.call("DELETE", &path, &self.root, "", &Value::Null);
            assert_eq!(answer.status, 204, "{path}: {}", answer.body);
        }
    }
}

fn has_envelope(body: &Value) -> bool {
    let keys = [
        "request_id",
        "lease_id",
        "renewable",
        "lease_duration",
        "data",
        "wrap_info",
        "warnings",
        "auth",
    ];
    keys.iter().all(|key| body.get(key).is_some())
}

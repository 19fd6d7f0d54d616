//! A server that issues logins in a private PostgreSQL, and calls to it.

use std::net::SocketAddr;
use std::time::Duration;

use fake_vault::{FakeVault, Options};
use serde_json::{Value, json};

use crate::support::client::{self, Answer};
use crate::support::postgres::{FIRST_PASSWORD, Postgres};

/// A server with the role `app`, whose logins live for a minute and for two at most.
pub struct Issuer {
    pub server: FakeVault,
    pub postgres: Postgres,
}

/// A login and its lease.
pub struct Credentials {
    pub lease_id: String,
    pub username: String,
    pub password: String,
    /// What the answer states, in seconds.
    pub duration: i64,
}

impl Issuer {
    pub fn start() -> Issuer {
        let options = Options {
            max_request_duration: Duration::from_secs(60),
            ..Options::default()
        };
        let issuer = Issuer {
            server: FakeVault::start(&options).unwrap(),
            postgres: Postgres::start(),
        };
        set_up(
            issuer.server.address(),
            issuer.server.root_token(),
            issuer.postgres.address(),
        );
        issuer
    }

    pub fn root(&self) -> String {
        self.server.root_token().to_owned()
    }

    /// A call with a token.
    pub fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        call(self.server.address(), method, path, token, body)
    }

    /// A write as root that succeeds.
    pub fn write(&self, path: &str, body: &Value) -> Value {
        let answer = self.call("POST", path, &self.root(), body);
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).unwrap_or(Value::Null)
    }

    /// Plants something through the control interface.
    pub fn control(&self, path: &str, body: &Value) {
        let (text, target) = (body.to_string(), format!("/control/{path}"));
        let answer = client::send(self.server.address(), "POST", &target, &[], Some(text.as_bytes()));
        assert_eq!(answer.status, 204, "{}", answer.body);
    }

    /// Issues a login under a token.
    pub fn issue(&self, token: &str) -> Credentials {
        let answer = self.call("GET", "database/creds/app", token, &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Credentials {
            lease_id: text(&body["lease_id"]),
            username: text(&body["data"]["username"]),
            password: text(&body["data"]["password"]),
            duration: body["lease_duration"].as_i64().unwrap(),
        }
    }

    /// The status and the remaining TTL of a lease.
    pub fn look_up(&self, lease_id: &str) -> (u16, i64) {
        let answer = self.call(
            "POST",
            "sys/leases/lookup",
            &self.root(),
            &json!({"lease_id": lease_id}),
        );
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, body["data"]["ttl"].as_i64().unwrap_or(0))
    }
}

/// A call to a server with a token.
pub fn call(address: SocketAddr, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let headers = [("X-Vault-Token".to_owned(), token.to_owned())];
    let text = body.to_string();
    let body = (!body.is_null()).then_some(text.as_bytes());
    client::send(address, method, &format!("/v1/{path}"), &headers, body)
}

/// Mounts the engine with a connection and the role `app`.
pub fn set_up(server: SocketAddr, root: &str, postgres: SocketAddr) {
    let write = |path: &str, body: &Value| {
        let answer = call(server, "POST", path, root, body);
        assert_eq!(answer.status, 204, "{path}: {}", answer.body);
    };
    write("sys/mounts/database", &json!({"type": "database"}));
    write(
        "database/config/app",
        &json!({
            "plugin_name": "postgresql-database-plugin",
            "connection_url": format!("postgresql://{{{{username}}}}:{{{{password}}}}@{postgres}/app?sslmode=disable"),
            "username": "vault_min",
            "password": FIRST_PASSWORD,
            "password_authentication": "scram-sha-256",
            "allowed_roles": "*",
            "username_template": "v-{{.RoleName | truncate 20}}-{{random 20}}-{{unix_time}}",
        }),
    );
    write(
        "database/roles/app",
        &json!({
            "db_name": "app",
            "default_ttl": "1m",
            "max_ttl": "2m",
            "creation_statements": "SELECT vault_api.create_login('{{name}}', '{{password}}', '{{expiration}}', 'app_runtime', false);",
            "renew_statements": "SELECT vault_api.extend_login('{{name}}', '{{expiration}}');",
            "revocation_statements": "SELECT vault_api.drop_login('{{name}}');",
        }),
    );
}

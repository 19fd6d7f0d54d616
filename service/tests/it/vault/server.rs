//! A Vault server with an AppRole, documents, and a database engine over the PostgreSQL server that all tests share.

use crate::support::database::{Server, lines};
use crate::support::run_log;
use fake_vault::{FakeVault, Options};
use portcullis::config::source::Source;
use portcullis::config::vault::VaultSettings;
use portcullis::secrets::vault::{Vault, VaultError};
use portcullis::telemetry::logs::Telemetry;
use portcullis::telemetry::metrics::Metrics;
use reqwest::Method;
use reqwest::blocking::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;

/// What the service may do. Complete: its tokens have no default policy.
const POLICY: &str = r#"
path "database/creds/portcullis-*"        { capabilities = ["read"] }
path "database/creds/portcullis-access-*" { capabilities = ["deny"] }
path "database/static-creds/portcullis-*" { capabilities = ["read"] }
path "sys/leases/renew"                   { capabilities = ["update"] }
path "sys/leases/lookup"                  { capabilities = ["update"] }
path "sys/leases/revoke"                  { capabilities = ["update"] }
path "auth/token/lookup-self"             { capabilities = ["read"] }
path "auth/token/renew-self"              { capabilities = ["update"] }
path "auth/token/revoke-self"             { capabilities = ["update"] }
path "auth/token/create/portcullis-access" { capabilities = ["update"] }
path "auth/token/revoke-accessor"         { capabilities = ["update"] }
path "secret/data/portcullis/*"           { capabilities = ["create", "read", "update"] }
path "secret/metadata/portcullis/*"       { capabilities = ["read"] }
path "sys/wrapping/wrap"                  { capabilities = ["update"] }
"#;

/// What the token of one access request may do.
const ACCESS_POLICY: &str = r#"
path "database/creds/portcullis-access-*" { capabilities = ["read"] }
path "sys/leases/renew"                   { capabilities = ["update"] }
"#;

static HTTP: LazyLock<Client> = LazyLock::new(|| {
    let client = Client::builder().no_proxy().tls_certs_only([]);
    client.timeout(Duration::from_secs(60)).build().unwrap()
});

/// The server, and a runtime for clients.
pub struct VaultServer {
    /// The server.
    pub server: FakeVault,
    /// What the names of the logins begin with.
    pub login_prefix: String,
    runtime: Runtime,
}

/// A client and its metrics.
pub struct VaultClient {
    /// The client.
    pub vault: Vault,
    metrics: Metrics,
    /// Instruments record nothing without it.
    _telemetry: Telemetry,
}

impl VaultServer {
    /// Starts it. Logins live for a minute, for two at most; tokens for an hour, again after each renewal.
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        run_log::start();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let started = Self {
            server: FakeVault::start(&Options::default()).unwrap(),
            login_prefix: format!("v-client-{}-{number}-", std::process::id()),
            runtime: Runtime::new().unwrap(),
        };
        started.set_up();
        started
    }

    fn set_up(&self) {
        self.write("sys/policies/acl/service", &json!({ "policy": POLICY }));
        self.write("sys/auth/approle", &json!({ "type": "approle" }));
        self.set_token(&json!({ "token_period": "1h" }));
        self.write("sys/policies/acl/access", &json!({ "policy": ACCESS_POLICY }));
        self.write(
            "auth/token/roles/portcullis-access",
            &json!({ "orphan": true, "allowed_policies": ["access"], "token_no_default_policy": true, "renewable": false }),
        );
        self.write(
            "sys/mounts/secret",
            &json!({ "type": "kv", "options": { "version": "2" } }),
        );
        self.write("sys/mounts/database", &json!({ "type": "database" }));
        let Server {
            host,
            port,
            user,
            password,
        } = Server::shared();
        let template = format!("{}{{{{random 20}}}}", self.login_prefix);
        self.write(
            "database/config/portcullis",
            &json!({
                "plugin_name": "postgresql-database-plugin",
                "connection_url": format!("postgresql://{{{{username}}}}:{{{{password}}}}@{host}:{port}/postgres?sslmode=disable"),
                "username": user,
                "password": password,
                "password_authentication": "scram-sha-256",
                "allowed_roles": "*",
                "username_template": template,
            }),
        );
        for role in ["portcullis-rates", "portcullis-access-read"] {
            self.write(
            &format!("database/roles/{role}"),
            &json!({
                "db_name": "portcullis",
                "default_ttl": "1m",
                "max_ttl": "2m",
                "creation_statements": r#"CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"#,
                "renew_statements": r#"ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}';"#,
                "revocation_statements": r#"DROP ROLE IF EXISTS "{{name}}";"#,
            }),
        );
        }
    }

    /// Makes the AppRole anew with these limits of its tokens: `token_period`, `token_ttl`, `token_max_ttl`.
    pub fn set_token(&self, settings: &Value) {
        let mut role = json!({
            "token_policies": ["service"],
            "token_no_default_policy": true,
            "token_type": "service",
        });
        let role_fields = role.as_object_mut().unwrap();
        role_fields.extend(settings.as_object().unwrap().clone());
        self.call("DELETE", "auth/approle/role/portcullis", &Value::Null);
        self.write("auth/approle/role/portcullis", &role);
        self.write(
            "auth/approle/role/portcullis/role-id",
            &json!({ "role_id": "portcullis" }),
        );
    }

    /// A new SecretID.
    pub fn secret_id(&self) -> String {
        let answer = self.write("auth/approle/role/portcullis/secret-id", &json!({}));
        let secret_id = answer["data"]["secret_id"].as_str().unwrap().to_owned();
        run_log::record_secret(&secret_id);
        secret_id
    }

    /// The wrapping token of a new SecretID.
    pub fn wrapped_secret_id(&self, ttl: &str) -> String {
        self.wrap("auth/approle/role/portcullis/secret-id", &json!({}), ttl)
    }

    /// The wrapping token of what a write answers.
    pub fn wrap(&self, path: &str, body: &Value, ttl: &str) -> String {
        let request = self.request("POST", path).header("X-Vault-Wrap-TTL", ttl);
        let answer = request.body(body.to_string()).send().unwrap();
        let answer: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
        let token = answer["wrap_info"]["token"].as_str().unwrap().to_owned();
        run_log::record_secret(&token);
        token
    }

    /// Ends all tokens with a TTL of an hour or less, without the clients' knowledge.
    pub fn end_tokens(&self) {
        self.server.advance(Duration::from_secs(3700));
    }

    /// The settings of a client with this login, and others.
    pub fn settings(&self, more: &[(&str, &str)]) -> VaultSettings {
        let address = format!("http://{}", self.server.address());
        let mut pairs = vec![("VAULT_ADDRESS".to_owned(), address)];
        pairs.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        settings(pairs)
    }

    /// A client with a SecretID of its own.
    pub fn client(&self) -> VaultClient {
        let settings = self.settings(&[
            ("VAULT_ROLE_ID", "portcullis"),
            ("VAULT_SECRET_ID", &self.secret_id()),
        ]);
        VaultClient::new(&settings)
    }

    /// Runs a call of a client.
    pub fn run<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// Starts a task that ends with this server.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
        self.runtime.spawn(task)
    }

    /// A call as root. The path lacks `/v1/`, unless it begins with `control/`.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = self.request(method, path).body(body.to_string());
        let answer = request.send().unwrap();
        let status = answer.status().as_u16();
        (
            status,
            serde_json::from_str(&answer.text().unwrap()).unwrap_or(Value::Null),
        )
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let version = if path.starts_with("control/") { "" } else { "v1/" };
        let url = format!("http://{}/{version}{path}", self.server.address());
        let request = HTTP.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        request.header("X-Vault-Token", self.server.root_token())
    }

    /// A write as root that succeeds.
    pub fn write(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call("POST", path, body);
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    /// Injects an effect on the next requests below a path; without a number on all.
    pub fn inject(&self, path: &str, times: Option<u32>, effect: &Value) {
        let mut rule = json!({ "path": path, "effect": effect });
        if let Some(times) = times {
            rule["times"] = json!(times);
        }
        self.write("control/rules", &rule);
    }

    /// Ends what was injected.
    pub fn recover(&self) {
        self.call("DELETE", "control/rules", &Value::Null);
    }

    /// The logins that are there.
    pub fn logins(&self) -> Vec<String> {
        let query = format!(
            "SELECT rolname::text AS line FROM pg_roles WHERE starts_with(rolname, '{}') ORDER BY 1",
            self.login_prefix
        );
        lines(&mut Server::shared().admin("postgres"), &query).unwrap()
    }
}

impl VaultClient {
    /// A client with these settings.
    pub fn new(settings: &VaultSettings) -> Self {
        let telemetry = Telemetry::quiet().unwrap();
        let metrics = telemetry.metrics.clone();
        Self {
            vault: Vault::new(settings, "service", metrics.clone()).unwrap(),
            metrics,
            _telemetry: telemetry,
        }
    }

    /// The number of requests with this operation and outcome.
    pub fn requests(&self, operation: &str, outcome: &str) -> u64 {
        let labels = [
            format!("operation=\"{operation}\""),
            format!("outcome=\"{outcome}\""),
        ];
        let text = self.metrics.prometheus_text();
        let lines = text.lines().filter(|line| line.contains("vault_requests"));
        let lines = lines.filter(|line| labels.iter().all(|label| line.contains(label)));
        lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64)
            .sum()
    }

    /// The value of a gauge; `None` if it has none.
    pub fn gauge(&self, name: &str) -> Option<f64> {
        let text = self.metrics.prometheus_text();
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}

/// Parses the settings of Vault.
pub fn settings(pairs: Vec<(String, String)>) -> VaultSettings {
    VaultSettings::parse(&Source::of(pairs).unwrap())
        .unwrap()
        .unwrap()
}

/// The error of a call that must fail, which shows no secret.
pub fn error<T>(result: Result<T, VaultError>) -> VaultError {
    let error = result.err().expect("the call must fail");
    let text = format!("{error} {error:?}");
    for secret in run_log::recorded_secrets() {
        assert!(!text.contains(&secret), "{text}");
    }
    error
}

/// The text of a secret.
pub fn revealed(secret: &SecretString) -> &str {
    secret.expose_secret()
}

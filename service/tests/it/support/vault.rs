//! A Vault that issues logins of a database: the fake server, set up as `cargo xtask vault setup` does.

use super::database::{Database, PASSWORDS, settings};
use diesel::connection::SimpleConnection;
use fake_vault::{FakeVault, Options};
use portcullis::db::prepare;
use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use std::time::Duration;
use vault_setup::{Change, Server, Setup};

/// The settings that Vault replaces.
const ISSUED: [&str; 6] = ["RATES", "INGEST", "ACCOUNTS", "WISHES", "MAIL", "DEMO"];

/// A server, and its login in the PostgreSQL that all tests share. Dropping it drops the logins that it issued.
pub struct TestVault<'a> {
    /// The server.
    pub server: FakeVault,
    database: &'a Database,
    user: String,
    client: Client,
}

impl<'a> TestVault<'a> {
    /// Starts a server and sets it up for a database.
    pub fn over(database: &'a Database) -> Self {
        Self::start(database, &Options::default())
    }

    /// The same, with other options. With a file for its state a server can be replaced: see [`TestVault::not_set_up`].
    pub fn start(database: &'a Database, options: &Options) -> Self {
        let vault = Self::not_set_up(database, options);
        vault.set_up().unwrap();
        vault
    }

    /// Starts a server, and prepares the database for it.
    pub fn not_set_up(database: &'a Database, options: &Options) -> Self {
        // Not `portcullis_…`: other tests compare those roles with the documentation.
        let user = format!("t_{}_vault", database.name);
        let with_user = settings(database.pairs(), &[("DATABASE_VAULT_USER", &user)]);
        database
            .server
            .with_role_lock(|| prepare::prepare(&with_user.database, true).unwrap());
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(120));
        Self {
            server: FakeVault::start(options).unwrap(),
            database,
            user,
            client: client.build().unwrap(),
        }
    }

    /// The set-up of this database.
    pub fn setup(&self) -> Setup {
        let password = PASSWORDS.iter().find(|(login, _)| *login == "VAULT").unwrap().1;
        Setup {
            database: vault_setup::Database {
                host: self.database.server.host.clone(),
                port: self.database.server.port.parse().unwrap(),
                name: self.database.name.clone(),
                ssl_mode: "disable".to_owned(),
                ca_file: None,
                vault_user: self.user.clone(),
            },
            password: Some(password.to_owned()),
            replaces_password: false,
            static_logins: true,
            kubernetes: None,
            jwt: None,
            networks: Vec::new(),
        }
    }

    /// Sets the server up; returns what changed.
    pub fn set_up(&self) -> Result<Vec<Change>, String> {
        let server = self.as_root();
        self.setup().apply(&server).map_err(|error| format!("{error:#}"))
    }

    /// The server with its root token, as the set-up uses it.
    pub fn as_root(&self) -> Server {
        Server::new(&self.address(), None, self.server.root_token()).unwrap()
    }

    /// Its URL.
    pub fn address(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Vault's login.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// A SecretID of a program, for example `portcullis`. Its RoleID is its name.
    pub fn secret_id(&self, program: &str) -> String {
        let answer = self.write(&format!("auth/approle/role/{program}/secret-id"), &json!({}));
        answer["data"]["secret_id"].as_str().unwrap().to_owned()
    }

    /// A wrapped SecretID.
    pub fn wrapped_secret_id(&self, program: &str, ttl: &str) -> String {
        vault_setup::issue_secret_id(&self.as_root(), program, ttl)
            .unwrap()
            .wrapping_token
    }

    /// The token of a program that logs in.
    pub fn log_in(&self, program: &str) -> String {
        let body = json!({"role_id": program, "secret_id": self.secret_id(program)});
        let answer = self.write("auth/approle/login", &body);
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }

    /// The settings of a service over the database that logs in here, without the passwords that Vault replaces.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = self.database.pairs();
        let is_replaced = |name: &str| {
            ISSUED
                .iter()
                .any(|login| name == format!("DATABASE_{login}_PASSWORD"))
        };
        pairs.retain(|(name, _)| !is_replaced(name));
        pairs.extend(
            [
                ("VAULT_ADDRESS", self.address()),
                ("VAULT_ROLE_ID", "portcullis".to_owned()),
                ("VAULT_SECRET_ID", self.secret_id("portcullis")),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        pairs
    }

    /// A call with the root token; `control/…` is the server's control interface.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.call_as(self.server.root_token(), method, path, body)
    }

    /// A call with a token.
    pub fn call_as(&self, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let prefix = if path.starts_with("control/") { "" } else { "v1/" };
        let url = format!("{}/{prefix}{path}", self.address());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, url).header("X-Vault-Token", token);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let response = request.send().unwrap();
        let status = response.status().as_u16();
        let text = response.text().unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// A write with the root token that succeeds.
    pub fn write(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call("POST", path, body);
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }
}

impl Drop for TestVault<'_> {
    fn drop(&mut self) {
        let url = |path: &str| format!("{}/{path}", self.address());
        // A server that was sealed or frozen leaves its logins.
        let _ = self
            .client
            .delete(url("control/rules"))
            .timeout(Duration::from_secs(5))
            .send();
        let _ = self
            .client
            .post(url("v1/sys/leases/revoke-prefix/database/creds"))
            .header("X-Vault-Token", self.server.root_token())
            .timeout(Duration::from_secs(20))
            .body("{}")
            .send();
        let Ok(mut conn) = self.database.server.connect(
            "postgres",
            &self.database.server.user,
            &self.database.server.password,
        ) else {
            return;
        };
        let _ = conn.batch_execute(&format!("DROP ROLE IF EXISTS {}", self.user));
        for login in ISSUED {
            let user = format!("s-{}_{}", self.database.name, login.to_lowercase());
            let _ = conn.batch_execute(&format!("DROP ROLE IF EXISTS \"{user}\""));
        }
    }
}

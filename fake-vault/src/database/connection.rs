//! A connection of the engine `database`: its configuration, and the addresses and passwords that follow from it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postgres_protocol::password::scram_sha_256;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Refusal, listed};
use crate::call::Call;

const PLUGIN: &str = "postgresql-database-plugin";
const DEFAULT_MAX_CONNECTIONS: i64 = 4;

/// One connection.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Connection {
    pub(crate) connection_url: String,
    pub(crate) username: String,
    /// The server alone knows it after `rotate-root`.
    pub(crate) password: String,
    password_authentication: String,
    allowed_roles: Vec<String>,
    max_open_connections: i64,
    username_template: String,
    root_rotation_statements: Vec<String>,
    password_policy: String,
}

impl Connection {
    /// This connection with the fields that the call has.
    ///
    /// # Errors
    /// 400 with an unknown plugin or without an address.
    pub(crate) fn updated(&self, call: &Call) -> Result<Connection, Refusal> {
        let plugin = call.filled("plugin_name").unwrap_or_else(|| PLUGIN.to_owned());
        if plugin != PLUGIN {
            let missing = format!("plugin not found in the catalog: {plugin}");
            return Err(Refusal::bad_request(format!(
                "error creating database object: invalid database version: 2 errors occurred:\n\t* {missing}\n\t* {missing}\n\n"
            )));
        }
        let mut connection = self.clone();
        for (name, field) in [
            ("connection_url", &mut connection.connection_url),
            ("username", &mut connection.username),
            ("password", &mut connection.password),
            ("password_authentication", &mut connection.password_authentication),
            ("username_template", &mut connection.username_template),
        ] {
            if let Some(text) = call.filled(name) {
                *field = text;
            }
        }
        if let Some(roles) = call.list("allowed_roles") {
            connection.allowed_roles = roles;
        }
        if let Some(statements) = call.statements("root_rotation_statements") {
            connection.root_rotation_statements = statements;
        }
        if let Some(policy) = call.text("password_policy") {
            connection.password_policy = policy;
        }
        connection.max_open_connections = call
            .integer("max_open_connections")
            .unwrap_or(connection.max_open_connections);
        if connection.connection_url.is_empty() {
            return Err(Refusal::bad_request(
                "error creating database object: connection_url cannot be empty",
            ));
        }
        Ok(connection)
    }

    /// The fields as they are read back, without the password.
    pub(crate) fn fields(&self) -> Value {
        json!({
            "allowed_roles": self.allowed_roles,
            "connection_details": {
                "connection_url": self.connection_url,
                "max_open_connections": self.max_open_connections,
                "password_authentication": self.password_authentication,
                "username": self.username,
                "username_template": self.username_template,
            },
            "password_policy": self.password_policy,
            "plugin_name": PLUGIN,
            "plugin_version": "",
            "root_credentials_rotate_statements": self.root_rotation_statements,
        })
    }

    /// Whether a role may use it; `*` at the end of a name matches everything behind.
    pub(crate) fn allows(&self, role: &str) -> bool {
        self.allowed_roles
            .iter()
            .any(|allowed| match allowed.strip_suffix('*') {
                Some(start) => role.starts_with(start),
                None => allowed == role,
            })
    }

    /// The address with user name and password.
    pub(crate) fn url(&self) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let url = self
            .connection_url
            .replace("{{username}}", &encoded(&self.username));
        url.replace("{{password}}", &encoded(&self.password))
    }

    pub(crate) fn max_connections(&self) -> usize {
        let limit = if self.max_open_connections > 0 {
            self.max_open_connections
        } else {
            DEFAULT_MAX_CONNECTIONS
        };
        usize::try_from(limit).unwrap_or(1)
    }

    /// The template of user names.
    pub(crate) fn username_template(&self) -> &str {
        if self.username_template.is_empty() {
            "v-{{.DisplayName | truncate 8}}-{{.RoleName | truncate 8}}-{{random 20}}-{{unix_time}}"
        } else {
            &self.username_template
        }
    }

    /// What statements send instead of a password: a SCRAM verifier where the connection is set so.
    pub(crate) fn secret(&self, password: &str) -> String {
        if self.password_authentication == "scram-sha-256" {
            scram_sha_256(password.as_bytes())
        } else {
            password.to_owned()
        }
    }

    /// The statements that change the password of its own login.
    pub(crate) fn root_rotation(&self) -> Vec<String> {
        if self.root_rotation_statements.is_empty() {
            vec!["ALTER ROLE \"{{username}}\" WITH PASSWORD '{{password}}';".to_owned()]
        } else {
            self.root_rotation_statements.clone()
        }
    }
}

/// The text of a rotation of the root password that failed.
pub(crate) fn root_rotation_error(error: &str) -> String {
    format!(
        "failed to update user: {}",
        listed(&format!("user does not appear to exist: {error}"))
    )
}

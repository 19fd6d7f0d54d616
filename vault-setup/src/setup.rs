//! Applies the wanted objects to a server.

use std::fmt;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::comparison::differences;
use crate::objects::{self, Kind, Object, Part};
use crate::server::Server;

/// The database in which logins are issued, as the Vault server reaches it.
#[derive(Debug, Clone)]
pub struct Database {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Its name.
    pub name: String,
    /// libpq's `sslmode`.
    pub ssl_mode: String,
    /// A file on the Vault server with the authority that signed PostgreSQL's certificate.
    pub ca_file: Option<String>,
    /// Vault's login.
    pub vault_user: String,
}

impl Database {
    fn connection_url(&self) -> String {
        let authority = self.ca_file.as_ref().map(|file| format!("&sslrootcert={file}"));
        // Without a time-out a request hangs for as long as PostgreSQL does.
        format!(
            "postgresql://{{{{username}}}}:{{{{password}}}}@{}:{}/{}?sslmode={}{}&connect_timeout=3",
            self.host,
            self.port,
            self.name,
            self.ssl_mode,
            authority.unwrap_or_default()
        )
    }
}

/// What to set up.
pub struct Setup {
    /// The database.
    pub database: Database,
    /// The present password of Vault's login. Needed when the connection is new, and to replace the password that Vault has.
    pub password: Option<String>,
    /// Whether the password replaces that of an existing connection.
    pub replaces_password: bool,
    /// Whether the passwords of static logins are set.
    pub static_logins: bool,
    /// Lets the service account `portcullis` of Kubernetes log in.
    pub kubernetes: Option<Kubernetes>,
    /// Lets the holder of a JWT log in.
    pub jwt: Option<Jwt>,
    /// Networks (CIDR) from which programs may log in; empty: any.
    pub networks: Vec<String>,
}

/// The service account that may log in.
#[derive(Debug, Clone, Default)]
pub struct Kubernetes {
    /// Its namespace.
    pub namespace: String,
    /// The audience of its token.
    pub audience: String,
}

/// The JWT that may log in.
#[derive(Debug, Clone, Default)]
pub struct Jwt {
    /// Its subject.
    pub subject: String,
    /// Its audience.
    pub audience: String,
}

/// What happened to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It was missing.
    Created(String),
    /// These fields differed.
    Corrected(String, Vec<String>),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Created(path) => write!(f, "created {path}"),
            Change::Corrected(path, fields) => write!(f, "corrected {path}: {}", fields.join(", ")),
        }
    }
}

impl Setup {
    /// Applies everything and returns what changed. Stops at the first error; it can be repeated.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached, a mount has another type, or the password is missing.
    pub fn apply(&self, server: &Server) -> Result<Vec<Change>> {
        let url = self.database.connection_url();
        let (kubernetes, jwt) = (
            self.kubernetes.clone().unwrap_or_default(),
            self.jwt.clone().unwrap_or_default(),
        );
        let variables = [
            ("connection_url", url.as_str()),
            ("vault_user", &self.database.vault_user),
            ("database", &self.database.name),
            ("kubernetes_namespace", &kubernetes.namespace),
            ("kubernetes_audience", &kubernetes.audience),
            ("jwt_subject", &jwt.subject),
            ("jwt_audience", &jwt.audience),
        ];
        let parts = [
            self.static_logins.then_some(Part::StaticLogins),
            self.kubernetes.as_ref().map(|_| Part::Kubernetes),
            self.jwt.as_ref().map(|_| Part::Jwt),
        ];
        let parts: Vec<Part> = parts.into_iter().flatten().collect();
        let mut changes = Vec::new();
        for mut object in objects::all(&parts, &variables)? {
            if !self.networks.is_empty() && matches!(object.kind, Kind::Program | Kind::Identity) {
                object.body["token_bound_cidrs"] = json!(self.networks);
                if object.kind == Kind::Program {
                    object.body["secret_id_bound_cidrs"] = json!(self.networks);
                }
            }
            changes.extend(match object.kind {
                Kind::Mount => apply_mount(server, &object)?,
                Kind::Connection => self.apply_connection(server, &object)?,
                Kind::Plain | Kind::Lockout | Kind::Program | Kind::Identity => apply_plain(server, &object)?,
            });
        }
        Ok(changes)
    }

    /// The password is written once; then the server replaces it by one that only it knows. Until that is done no role may use the
    /// connection, so that a set-up that stops in between is noticed by the next one.
    fn apply_connection(&self, server: &Server, object: &Object) -> Result<Option<Change>> {
        let Some(actual) = server.read(&object.path)? else {
            self.write_password(server, object)?;
            server.write(&object.path, &object.body)?;
            return Ok(Some(Change::Created(object.path.clone())));
        };
        let roles = &actual["allowed_roles"];
        let is_finished = roles.as_array().is_some_and(|roles| !roles.is_empty());
        if self.replaces_password {
            self.write_password(server, object)?;
        } else if is_finished {
            // Without a password the stored one remains.
            return apply_plain(server, object);
        } else if let Err(error) = replace_password(server, object) {
            // The stored password does not work, whether it was the first or the server's own; a given one may.
            if self.password.is_none() {
                return Err(error);
            }
            self.write_password(server, object)?;
        }
        server.write(&object.path, &object.body)?;
        Ok(Some(Change::Corrected(
            object.path.clone(),
            vec!["password".to_owned()],
        )))
    }

    fn write_password(&self, server: &Server, object: &Object) -> Result<()> {
        let password = self
            .password
            .as_ref()
            .context("PORTCULLIS_DATABASE_VAULT_PASSWORD: is not set; the connection to PostgreSQL needs the password of Vault's login")?;
        let mut body = object.body.clone();
        body["password"] = json!(password);
        body["allowed_roles"] = json!([]);
        server.write(&object.path, &body)?;
        replace_password(server, object)
    }
}

fn replace_password(server: &Server, object: &Object) -> Result<()> {
    let name = object.path.rsplit('/').next().unwrap_or_default();
    server.write(&format!("database/rotate-root/{name}"), &json!({}))?;
    Ok(())
}

fn apply_plain(server: &Server, object: &Object) -> Result<Option<Change>> {
    let actual = server.read(&object.path)?;
    let change = match &actual {
        None => Change::Created(object.path.clone()),
        Some(actual) => {
            let different = match object.kind {
                Kind::Lockout => {
                    let wanted = &object.body["user_lockout_config"]["lockout_disable"];
                    differences(&json!({ "user_lockout_disable": wanted }), actual)
                }
                _ => differences(&object.body, actual),
            };
            if different.is_empty() {
                return Ok(None);
            }
            Change::Corrected(object.path.clone(), different)
        }
    };
    server.write(&object.path, &object.body)?;
    Ok(Some(change))
}

/// A mount that exists must have the type; its settings are another object.
fn apply_mount(server: &Server, object: &Object) -> Result<Option<Change>> {
    let (list, name) = object.path.rsplit_once('/').context("a mount has a path")?;
    let mounts = server.read(list)?.unwrap_or_default();
    let Some(found) = mounts.get(format!("{name}/")) else {
        server.write(&object.path, &object.body)?;
        return Ok(Some(Change::Created(object.path.clone())));
    };
    let version = |mount: &Value| mount["options"]["version"].as_str().map(str::to_owned);
    if found["type"] != object.body["type"] || version(found) != version(&object.body) {
        bail!(
            "{}: is mounted as {}{}, which must be another mount",
            object.path,
            found["type"].as_str().unwrap_or("another type"),
            version(found)
                .map(|version| format!(" version {version}"))
                .unwrap_or_default()
        );
    }
    Ok(None)
}

//! The login method `kubernetes`: a service account's JWT, which the API server of the configuration reviews.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Refusal, Reply, Success};
use crate::auth::claims;
use crate::auth::outcome::AuthOutcome;
use crate::call::{Call, Operation};
use crate::token::{Grant, TokenSettings};

/// One mount.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Kubernetes {
    config: Option<Config>,
    roles: BTreeMap<String, Role>,
}

#[derive(Serialize, Deserialize)]
struct Config {
    host: String,
    ca_cert: String,
    reviewer_jwt: String,
    disable_local_ca_jwt: bool,
}

#[derive(Serialize, Deserialize)]
struct Role {
    names: Vec<String>,
    namespaces: Vec<String>,
    audience: String,
    token: TokenSettings,
}

/// A login that is valid as far as the JWT states, until the API server has reviewed it.
pub(crate) struct Review {
    pub(crate) host: String,
    pub(crate) reviewer_jwt: String,
    pub(crate) jwt: String,
    pub(crate) audiences: Vec<String>,
    /// What the login grants when the server confirms the JWT.
    pub(crate) grant: Box<Grant>,
}

impl Kubernetes {
    /// Handles a call below the mount, except a login.
    pub(crate) fn handle(&mut self, call: &Call, path: &str) -> Result<AuthOutcome, Refusal> {
        let segments: Vec<&str> = path.split('/').collect();
        match (segments.as_slice(), call.operation) {
            (["config"], Operation::Read) => {
                let config = self.config.as_ref().ok_or_else(Refusal::not_found)?;
                Ok(Reply::data(config.fields()).into())
            }
            (["config"], Operation::Write) => self.configure(call),
            (["role", name], Operation::Read) => {
                let role = self.roles.get(*name).ok_or_else(Refusal::not_found)?;
                Ok(Reply::data(role.fields()).into())
            }
            (["role", name], Operation::Write) => self.write_role(call, name),
            (["role", name], Operation::Delete) => {
                self.roles.remove(*name);
                Ok(Success::NoContent.into())
            }
            (["login"], _) => Err(Refusal::plain(405, "unsupported operation")),
            (["role", _] | ["config"], _) => Err(Refusal::unsupported_operation()),
            _ => Err(Refusal::unsupported_path()),
        }
    }

    fn configure(&mut self, call: &Call) -> Result<AuthOutcome, Refusal> {
        let disable_local_ca_jwt = call.flag("disable_local_ca_jwt").unwrap_or(false);
        let ca_cert = call.text("kubernetes_ca_cert").unwrap_or_default();
        if disable_local_ca_jwt && ca_cert.is_empty() {
            let text = "kubernetes_ca_cert must be given when disable_local_ca_jwt is true";
            return Err(Refusal::bad_request(text));
        }
        self.config = Some(Config {
            host: call.text("kubernetes_host").unwrap_or_default(),
            ca_cert,
            reviewer_jwt: call.text("token_reviewer_jwt").unwrap_or_default(),
            disable_local_ca_jwt,
        });
        Ok(Success::NoContent.into())
    }

    fn write_role(&mut self, call: &Call, name: &str) -> Result<AuthOutcome, Refusal> {
        let mut role = Role {
            names: call.list("bound_service_account_names").unwrap_or_default(),
            namespaces: call.list("bound_service_account_namespaces").unwrap_or_default(),
            audience: call.text("audience").unwrap_or_default(),
            token: TokenSettings::default(),
        };
        role.token.update(call)?;
        self.roles.insert(name.to_owned(), role);
        Ok(Success::NoContent.into())
    }

    /// Checks what the JWT states.
    pub(crate) fn login(&self, call: &Call, mount: &str) -> Result<Review, Refusal> {
        let role_name = call
            .filled("role")
            .ok_or_else(|| Refusal::bad_request("missing role"))?;
        let jwt = call
            .filled("jwt")
            .ok_or_else(|| Refusal::bad_request("missing jwt"))?;
        let unknown = || Refusal::bad_request(format!("invalid role name \"{role_name}\""));
        let role = self.roles.get(&role_name).ok_or_else(unknown)?;
        let config = self.config.as_ref();
        let config = config.ok_or_else(|| Refusal::plain(500, "could not load backend configuration"))?;
        let claims = claims::read(&jwt).ok_or_else(Refusal::no_token)?;
        if let Value::String(_) = claims.get("aud") {
            let text = "decoding failed due to the following error(s):\n\n'aud' source data must be an array or slice, got string";
            return Err(Refusal::plain(500, text));
        }
        let refused = |text: String| Refusal::plain(403, text);
        let account = claims.get("kubernetes.io");
        let namespace = account["namespace"].as_str().unwrap_or_default();
        let name = account["serviceaccount"]["name"].as_str().unwrap_or_default();
        let uid = account["serviceaccount"]["uid"].as_str().unwrap_or_default();
        let bound =
            |bounds: &[String], value: &str| bounds.iter().any(|bound| bound == "*" || bound == value);
        if !bound(&role.namespaces, namespace) {
            return Err(refused("namespace not authorized".to_owned()));
        }
        if !bound(&role.names, name) {
            return Err(refused("service account name not authorized".to_owned()));
        }
        claims.check_times(call.now.timestamp()).map_err(refused)?;
        let audiences: Vec<String> = Some(role.audience.clone())
            .filter(|text| !text.is_empty())
            .into_iter()
            .collect();
        claims.check_audience(&audiences).map_err(refused)?;
        let meta = json!({
            "role": role_name,
            "service_account_name": name,
            "service_account_namespace": namespace,
            "service_account_secret_name": "",
            "service_account_uid": uid,
        });
        let path = format!("auth/{mount}/login");
        let display_name = format!("{mount}-{namespace}-{name}");
        Ok(Review {
            host: config.host.clone(),
            reviewer_jwt: config.reviewer_jwt.clone(),
            jwt,
            audiences,
            grant: Box::new(role.token.grant(&path, &display_name, uid, meta)),
        })
    }
}

impl Role {
    /// The fields as they are read back, by the documentation: the recording has no such answer.
    fn fields(&self) -> Value {
        let mut fields = self.token.fields();
        for (name, value) in [
            ("alias_name_source", json!("serviceaccount_uid")),
            ("audience", json!(self.audience)),
            ("bound_service_account_names", json!(self.names)),
            ("bound_service_account_namespaces", json!(self.namespaces)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    }
}

impl Config {
    fn fields(&self) -> Value {
        json!({
            "disable_iss_validation": true,
            "disable_local_ca_jwt": self.disable_local_ca_jwt,
            "issuer": "",
            "kubernetes_ca_cert": self.ca_cert.trim_end(),
            "kubernetes_host": self.host,
            "pem_keys": [],
            "token_reviewer_jwt_set": !self.reviewer_jwt.is_empty(),
        })
    }
}

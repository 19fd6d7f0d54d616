//! The login method `approle`: roles, SecretIDs with uses, TTL and networks, and the login with both ids.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Refusal, Reply, Success};
use crate::auth::lockout::Lockout;
use crate::auth::outcome::AuthOutcome;
use crate::call::{Call, Operation};
use crate::token::{TokenSettings, networks};
use crate::{clock, random};

/// One mount.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct AppRole {
    roles: BTreeMap<String, Role>,
    pub(crate) lockout: Lockout,
}

#[derive(Serialize, Deserialize)]
struct Role {
    role_id: String,
    bind_secret_id: bool,
    token: TokenSettings,
    secret_id_num_uses: i64,
    secret_id_ttl: i64,
    secret_id_bound_cidrs: Vec<String>,
    secret_ids: BTreeMap<String, SecretId>,
}

#[derive(Serialize, Deserialize)]
struct SecretId {
    accessor: String,
    /// 0 is any number.
    num_uses: i64,
    ttl: i64,
    created: DateTime<Utc>,
    cidr_list: Vec<String>,
    token_bound_cidrs: Vec<String>,
    metadata: Value,
}

impl SecretId {
    fn expires(&self) -> Option<DateTime<Utc>> {
        (self.ttl > 0).then(|| self.created + TimeDelta::seconds(self.ttl))
    }

    fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.expires().is_none_or(|expires| expires > now)
    }

    fn details(&self) -> Value {
        let expires = self
            .expires()
            .map_or("0001-01-01T00:00:00Z".to_owned(), clock::nanoseconds);
        json!({
            "cidr_list": self.cidr_list,
            "creation_time": clock::nanoseconds(self.created),
            "expiration_time": expires,
            "last_updated_time": clock::nanoseconds(self.created),
            "metadata": self.metadata,
            "secret_id_accessor": self.accessor,
            "secret_id_num_uses": self.num_uses,
            "secret_id_ttl": self.ttl,
            "token_bound_cidrs": self.token_bound_cidrs,
        })
    }
}

impl AppRole {
    /// Handles a call below the mount, which is named without `auth/` and slash.
    pub(crate) fn handle(&mut self, call: &Call, path: &str, mount: &str) -> Result<AuthOutcome, Refusal> {
        let segments: Vec<&str> = path.split('/').collect();
        match (segments.as_slice(), call.operation) {
            (["login"], Operation::Write) => self.login(call, mount),
            (["login"], _) => Err(Refusal::plain(405, "unsupported operation")),
            (["role"] | ["role", ""], Operation::List) => {
                let keys: Vec<&String> = self.roles.keys().collect();
                if keys.is_empty() {
                    return Err(Refusal::not_found());
                }
                Ok(Reply::data(json!({ "keys": keys })).into())
            }
            (["role", name], _) => self.role(call, name),
            (["role", name, below @ ..], _) => {
                let role = self.roles.get_mut(*name);
                let missing = || Refusal::bad_request(format!("role \"{name}\" does not exist"));
                Ok(role.ok_or_else(missing)?.handle(call, below)?.into())
            }
            _ => Err(Refusal::unsupported_path()),
        }
    }

    fn role(&mut self, call: &Call, name: &str) -> Result<AuthOutcome, Refusal> {
        match call.operation {
            Operation::Read => {
                let role = self.roles.get(name).ok_or_else(Refusal::not_found)?;
                Ok(Reply::data(role.fields()).into())
            }
            Operation::Write => {
                let role = self.roles.entry(name.to_owned()).or_insert_with(Role::new);
                role.update(call)?;
                Ok(Success::NoContent.into())
            }
            Operation::Delete => {
                self.roles.remove(name);
                Ok(Success::NoContent.into())
            }
            _ => Err(Refusal::unsupported_operation()),
        }
    }

    fn login(&mut self, call: &Call, mount: &str) -> Result<AuthOutcome, Refusal> {
        let invalid = || Refusal::bad_request("invalid role or secret ID");
        let role_id = call.filled("role_id");
        let role_id = role_id.ok_or_else(|| Refusal::bad_request("missing role_id"))?;
        if self.lockout.is_locked(&role_id, call.now) {
            return Err(Refusal::no_token());
        }
        let role = self.roles.iter_mut().find(|(_, role)| role.role_id == role_id);
        let (name, role) = role.ok_or_else(invalid)?;
        if role.bind_secret_id {
            let secret_id = call.filled("secret_id");
            let secret_id = secret_id.ok_or_else(|| Refusal::bad_request("missing secret_id"))?;
            let secret = role
                .secret_ids
                .get_mut(&secret_id)
                .filter(|secret| secret.is_alive(call.now));
            let Some(secret) = secret else {
                self.lockout.failed(&role_id, call.now);
                return Err(invalid());
            };
            let outside = |cidrs: &[String]| {
                let networks = networks(cidrs);
                !networks.is_empty() && !networks.iter().any(|network| network.contains(&call.source))
            };
            let source = call.source;
            if outside(&secret.cidr_list) {
                return Err(Refusal::bad_request(format!(
                    "source address \"{source}\" unauthorized through CIDR restrictions on the secret ID"
                )));
            }
            if outside(&role.secret_id_bound_cidrs) {
                // The server formats an error that is not there.
                return Err(Refusal::bad_request(format!(
                    "source address \"{source}\" unauthorized by CIDR restrictions on the role: %!w(<nil>)"
                )));
            }
            match secret.num_uses {
                0 => {}
                1 => drop(role.secret_ids.remove(&secret_id)),
                _ => secret.num_uses -= 1,
            }
        }
        self.lockout.succeeded(&role_id);
        let path = format!("auth/{mount}/login");
        let grant = role
            .token
            .grant(&path, mount, &role_id, json!({ "role_name": name }));
        Ok(AuthOutcome::Login(Box::new(grant)))
    }
}

impl Role {
    fn new() -> Role {
        Role {
            role_id: random::uuid(),
            bind_secret_id: true,
            token: TokenSettings::default(),
            secret_id_num_uses: 0,
            secret_id_ttl: 0,
            secret_id_bound_cidrs: Vec::new(),
            secret_ids: BTreeMap::new(),
        }
    }

    fn update(&mut self, call: &Call) -> Result<(), Refusal> {
        self.token.update(call)?;
        self.secret_id_num_uses = call
            .integer("secret_id_num_uses")
            .unwrap_or(self.secret_id_num_uses);
        self.secret_id_ttl = call.seconds("secret_id_ttl")?.unwrap_or(self.secret_id_ttl);
        if let Some(cidrs) = call.list("secret_id_bound_cidrs") {
            self.secret_id_bound_cidrs = cidrs;
        }
        self.role_id = call.filled("role_id").unwrap_or_else(|| self.role_id.clone());
        self.bind_secret_id = call.flag("bind_secret_id").unwrap_or(self.bind_secret_id);
        if !self.bind_secret_id && self.secret_id_bound_cidrs.is_empty() && !self.token.is_bound() {
            return Err(Refusal::bad_request(
                "at least one constraint should be enabled on the role",
            ));
        }
        Ok(())
    }

    fn fields(&self) -> Value {
        let mut fields = self.token.fields();
        let cidrs = &self.secret_id_bound_cidrs;
        for (name, value) in [
            ("bind_secret_id", json!(self.bind_secret_id)),
            ("local_secret_ids", json!(false)),
            (
                "secret_id_bound_cidrs",
                if cidrs.is_empty() {
                    Value::Null
                } else {
                    json!(cidrs)
                },
            ),
            ("secret_id_num_uses", json!(self.secret_id_num_uses)),
            ("secret_id_ttl", json!(self.secret_id_ttl)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        Value::Object(fields)
    }

    /// Handles a call below `role/{name}/`.
    fn handle(&mut self, call: &Call, below: &[&str]) -> Result<Success, Refusal> {
        match (below, call.operation) {
            (["role-id"], Operation::Read) => Ok(Reply::data(json!({"role_id": self.role_id})).into()),
            (["role-id"], Operation::Write) => {
                self.role_id = call
                    .filled("role_id")
                    .ok_or_else(|| Refusal::bad_request("missing role_id"))?;
                Ok(Success::NoContent)
            }
            (["secret-id"] | ["secret-id", ""], Operation::List) => {
                let accessors: Vec<&String> =
                    self.secret_ids.values().map(|secret| &secret.accessor).collect();
                if accessors.is_empty() {
                    return Err(Refusal::not_found());
                }
                Ok(Reply::data(json!({"keys": accessors})).into())
            }
            (["secret-id"], Operation::Write) => self.create_secret_id(call, random::uuid()),
            (["custom-secret-id"], Operation::Write) => {
                let given = call.filled("secret_id");
                self.create_secret_id(
                    call,
                    given.ok_or_else(|| Refusal::bad_request("missing secret_id"))?,
                )
            }
            (["secret-id", "lookup"], Operation::Write) => {
                let found = self.find(call)?.map(|id| self.secret_ids[&id].details());
                Ok(found.map_or(Success::NoContent, |details| Reply::data(details).into()))
            }
            (["secret-id", "destroy"], Operation::Write | Operation::Delete) => {
                if let Some(id) = self.find(call)? {
                    self.secret_ids.remove(&id);
                }
                Ok(Success::NoContent)
            }
            (["secret-id-accessor", action @ ("lookup" | "destroy")], Operation::Write) => {
                let accessor = call.filled("secret_id_accessor");
                let mut secrets = self.secret_ids.iter();
                let found = secrets.find(|(_, secret)| Some(&secret.accessor) == accessor.as_ref());
                let id = found.map(|(id, _)| id.clone()).ok_or_else(Refusal::not_found)?;
                if *action == "lookup" {
                    return Ok(Reply::data(self.secret_ids[&id].details()).into());
                }
                self.secret_ids.remove(&id);
                Ok(Success::NoContent)
            }
            (["role-id" | "secret-id" | "custom-secret-id"], _) => Err(Refusal::unsupported_operation()),
            _ => Err(Refusal::unsupported_path()),
        }
    }

    /// The SecretID that the call names, if it is alive.
    fn find(&self, call: &Call) -> Result<Option<String>, Refusal> {
        let id = call
            .filled("secret_id")
            .ok_or_else(|| Refusal::bad_request("missing secret_id"))?;
        let alive = self
            .secret_ids
            .get(&id)
            .is_some_and(|secret| secret.is_alive(call.now));
        Ok(alive.then_some(id))
    }

    fn create_secret_id(&mut self, call: &Call, id: String) -> Result<Success, Refusal> {
        let secret = SecretId {
            accessor: random::uuid(),
            num_uses: call.integer("num_uses").unwrap_or(self.secret_id_num_uses),
            ttl: call.seconds("ttl")?.unwrap_or(self.secret_id_ttl),
            created: call.now,
            cidr_list: call.list("cidr_list").unwrap_or_default(),
            token_bound_cidrs: call.list("token_bound_cidrs").unwrap_or_default(),
            metadata: json!({}),
        };
        let data = json!({
            "secret_id": id,
            "secret_id_accessor": secret.accessor,
            "secret_id_num_uses": secret.num_uses,
            "secret_id_ttl": secret.ttl,
        });
        let accessor = Some(secret.accessor.clone());
        self.secret_ids.insert(id, secret);
        Ok(Reply {
            data,
            accessor,
            ..Reply::default()
        }
        .into())
    }
}

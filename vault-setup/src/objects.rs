//! The wanted objects: policies, and the objects in `compose/vault/objects/`, in the order in which they depend on each other.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Policies by the name behind `portcullis-`.
const POLICIES: [(&str, &str); 9] = [
    (
        "service",
        include_str!("../../compose/vault/policies/service.hcl"),
    ),
    ("import", include_str!("../../compose/vault/policies/import.hcl")),
    (
        "accounts",
        include_str!("../../compose/vault/policies/accounts.hcl"),
    ),
    ("audit", include_str!("../../compose/vault/policies/audit.hcl")),
    ("keys", include_str!("../../compose/vault/policies/keys.hcl")),
    ("broker", include_str!("../../compose/vault/policies/broker.hcl")),
    (
        "access-login",
        include_str!("../../compose/vault/policies/access-login.hcl"),
    ),
    (
        "deliver",
        include_str!("../../compose/vault/policies/deliver.hcl"),
    ),
    ("setup", include_str!("../../compose/vault/policies/setup.hcl")),
];

const FILES: [(&str, &str); 6] = [
    (
        "mounts.toml",
        include_str!("../../compose/vault/objects/mounts.toml"),
    ),
    (
        "connection.toml",
        include_str!("../../compose/vault/objects/connection.toml"),
    ),
    (
        "logins.toml",
        include_str!("../../compose/vault/objects/logins.toml"),
    ),
    (
        "access.toml",
        include_str!("../../compose/vault/objects/access.toml"),
    ),
    (
        "programs.toml",
        include_str!("../../compose/vault/objects/programs.toml"),
    ),
    ("keys.toml", include_str!("../../compose/vault/objects/keys.toml")),
];

/// Parts that are set up on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    StaticLogins,
    Kubernetes,
    Jwt,
}

impl Part {
    fn file(self) -> (&'static str, &'static str) {
        match self {
            Part::StaticLogins => (
                "static-logins.toml",
                include_str!("../../compose/vault/objects/static-logins.toml"),
            ),
            Part::Kubernetes => (
                "kubernetes.toml",
                include_str!("../../compose/vault/objects/kubernetes.toml"),
            ),
            Part::Jwt => ("jwt.toml", include_str!("../../compose/vault/objects/jwt.toml")),
        }
    }
}

/// How an object is read and written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Read and written under one path.
    #[default]
    Plain,
    /// A mount: it is in the list of all mounts, and cannot be written twice.
    Mount,
    /// The lockout of a log-in method, whose fields are read under other names.
    Lockout,
    /// The connection to PostgreSQL: its password is given once and then replaced.
    Connection,
    /// The log-in of a program by a SecretID, which may be bound to networks.
    Program,
    /// The log-in of a program by a token of its platform, which may be bound to networks.
    Identity,
}

/// A wanted object.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Object {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) kind: Kind,
    pub(crate) body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Fields that all objects of a kind have in common.
    #[serde(default)]
    common: HashMap<Kind, Map<String, Value>>,
    object: Vec<Object>,
}

impl File {
    fn objects(mut self) -> Vec<Object> {
        for object in &mut self.object {
            if let (Some(common), Value::Object(body)) = (self.common.get(&object.kind), &mut object.body) {
                for (name, value) in common {
                    body.entry(name).or_insert_with(|| value.clone());
                }
            }
        }
        self.object
    }
}

/// All wanted objects, with the values of variables filled in.
pub(crate) fn all(parts: &[Part], variables: &[(&str, &str)]) -> Result<Vec<Object>> {
    let policies = POLICIES.iter().map(|(name, text)| Object {
        path: format!("sys/policies/acl/portcullis-{name}"),
        kind: Kind::Plain,
        body: json!({ "policy": text }),
    });
    let mut objects: Vec<Object> = policies.collect();
    let files = FILES.into_iter().chain(parts.iter().map(|part| part.file()));
    for (name, text) in files {
        let file: File = toml::from_str(text).with_context(|| format!("compose/vault/objects/{name}"))?;
        objects.extend(file.objects());
    }
    for object in &mut objects {
        fill_in(&mut object.body, variables);
    }
    Ok(objects)
}

fn fill_in(value: &mut Value, variables: &[(&str, &str)]) {
    match value {
        Value::String(text) => {
            for (name, replacement) in variables {
                *text = text.replace(&format!("${{{name}}}"), replacement);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill_in(item, variables)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill_in(field, variables)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_well_formed_and_every_variable_known() {
        let names = [
            "connection_url",
            "vault_user",
            "database",
            "kubernetes_namespace",
            "kubernetes_audience",
            "jwt_subject",
            "jwt_audience",
        ];
        let variables = names.map(|name| (name, "x"));
        let parts = [Part::StaticLogins, Part::Kubernetes, Part::Jwt];
        let objects = all(&parts, &variables).unwrap();
        for object in &objects {
            assert!(object.body.is_object(), "{}", object.path);
            // Policies and user names have `{{…}}` of Vault's own.
            assert!(!object.body.to_string().contains("${"), "{}", object.path);
        }
        let mut paths: Vec<&str> = objects.iter().map(|object| object.path.as_str()).collect();
        paths.sort_unstable();
        let count = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), count);
        assert!(count > 30, "{paths:?}");
    }
}

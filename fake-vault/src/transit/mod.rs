//! The engine `transit`: signing keys with versions.

mod key_version;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answer::{Refusal, Reply, Success};
use crate::call::{Call, Operation};
use crate::clock;
use key_version::{KeyType, KeyVersion, Marshaling};

/// One mount.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Transit {
    keys: BTreeMap<String, Key>,
}

#[derive(Serialize, Deserialize)]
struct Key {
    key_type: KeyType,
    versions: Vec<KeyVersion>,
    min_encryption_version: usize,
    deletion_allowed: bool,
}

impl Transit {
    /// Handles a call below the mount.
    pub(crate) fn handle(&mut self, call: &Call, path: &str) -> Result<Success, Refusal> {
        let segments: Vec<&str> = path.split('/').collect();
        match (segments.as_slice(), call.operation) {
            (["keys"] | ["keys", ""], Operation::List) => {
                let names: Vec<&String> = self.keys.keys().collect();
                if names.is_empty() {
                    return Err(Refusal::not_found());
                }
                Ok(Reply::data(json!({ "keys": names })).into())
            }
            (["keys", name], Operation::Read) => self.describe(name),
            (["keys", name], Operation::Write) => self.create(call, name),
            (["keys", name], Operation::Delete) => {
                if !self.key(name)?.deletion_allowed {
                    let text = format!("error deleting policy {name}: deletion is not allowed for this key");
                    return Err(Refusal::bad_request(text));
                }
                self.keys.remove(*name);
                Ok(Success::NoContent)
            }
            (["keys", name, "rotate"], Operation::Write) => {
                let key = self.key(name)?;
                key.versions.push(KeyVersion::generate(key.key_type, call.now)?);
                self.describe(name)
            }
            (["keys", name, "config"], Operation::Write) => {
                let key = self.key(name)?;
                if let Some(version) = call.integer("min_encryption_version") {
                    key.min_encryption_version = usize::try_from(version).unwrap_or_default();
                }
                key.deletion_allowed = call.flag("deletion_allowed").unwrap_or(key.deletion_allowed);
                self.describe(name)
            }
            (["sign", name] | ["sign", name, _], Operation::Write) => self.sign(call, name),
            (["verify", name] | ["verify", name, _], Operation::Write) => self.verify(call, name),
            (["keys" | "sign" | "verify", ..], _) => Err(Refusal::unsupported_operation()),
            _ => Err(Refusal::unsupported_path()),
        }
    }

    fn key(&mut self, name: &str) -> Result<&mut Key, Refusal> {
        let missing = || Refusal::bad_request("no existing key named ".to_owned() + name + " could be found");
        self.keys.get_mut(name).ok_or_else(missing)
    }

    fn create(&mut self, call: &Call, name: &str) -> Result<Success, Refusal> {
        let type_name = call.filled("type").unwrap_or_else(|| "aes256-gcm96".to_owned());
        let key_type = KeyType::parse(&type_name)
            .ok_or_else(|| Refusal::bad_request(format!("unknown key type {type_name}")))?;
        if !self.keys.contains_key(name) {
            let key = Key {
                key_type,
                versions: vec![KeyVersion::generate(key_type, call.now)?],
                min_encryption_version: 0,
                deletion_allowed: false,
            };
            self.keys.insert(name.to_owned(), key);
        }
        self.describe(name)
    }

    fn describe(&self, name: &str) -> Result<Success, Refusal> {
        let key = self.keys.get(name).ok_or_else(Refusal::not_found)?;
        let versions = (1..).zip(&key.versions);
        let versions: Map<String, Value> = versions
            .map(|(number, version): (usize, _)| {
                (number.to_string(), describe_version(key.key_type, version))
            })
            .collect();
        Ok(Reply::data(json!({
            "allow_plaintext_backup": false,
            "auto_rotate_period": 0,
            "deletion_allowed": key.deletion_allowed,
            "derived": false,
            "exportable": false,
            "imported_key": false,
            "keys": versions,
            "latest_version": key.versions.len(),
            "min_available_version": 0,
            "min_decryption_version": 1,
            "min_encryption_version": key.min_encryption_version,
            "name": name,
            "soft_deleted": false,
            "supports_decryption": false,
            "supports_derivation": key.key_type.supports_derivation(),
            "supports_encryption": false,
            "supports_signing": true,
            "type": key.key_type.name(),
        }))
        .into())
    }

    fn sign(&self, call: &Call, name: &str) -> Result<Success, Refusal> {
        let key = self
            .keys
            .get(name)
            .ok_or_else(|| Refusal::bad_request("signing key not found"))?;
        let marshaling = Marshaling::of(call)?;
        let wanted = usize::try_from(call.integer("key_version").unwrap_or(0)).unwrap_or_default();
        let number = if wanted == 0 { key.versions.len() } else { wanted };
        if number < key.min_encryption_version {
            let text = "requested version for signing is less than the minimum encryption key version";
            return Err(Refusal::listed(500, text));
        }
        let version = key.versions.get(number - 1).ok_or_else(|| {
            Refusal::listed(
                500,
                "requested version for signing is higher than the latest key version",
            )
        })?;
        let sign = |input: &str| -> Result<String, String> {
            let input = decoded(input)?;
            Ok(format!("vault:v{number}:{}", version.sign(&input, marshaling)))
        };
        if let Some(Value::Array(items)) = call.body.get("batch_input") {
            let results = items
                .iter()
                .map(|item| match sign(item["input"].as_str().unwrap_or_default()) {
                    Ok(signature) => json!({"signature": signature, "key_version": number, "reference": ""}),
                    Err(error) => json!({"key_version": 0, "error": error, "reference": ""}),
                });
            let results: Vec<Value> = results.collect();
            return Ok(Reply::data(json!({ "batch_results": results })).into());
        }
        let signature = sign(&call.text("input").unwrap_or_default()).map_err(Refusal::bad_request)?;
        Ok(Reply::data(json!({"key_version": number, "signature": signature})).into())
    }

    fn verify(&self, call: &Call, name: &str) -> Result<Success, Refusal> {
        let missing = || Refusal::bad_request("signature verification key not found");
        let key = self.keys.get(name).ok_or_else(missing)?;
        let marshaling = Marshaling::of(call)?;
        let input = decoded(&call.text("input").unwrap_or_default()).map_err(Refusal::bad_request)?;
        let signature = call.text("signature").unwrap_or_default();
        let mut parts = signature.splitn(3, ':').skip(1);
        let number = parts
            .next()
            .and_then(|version| version.strip_prefix('v')?.parse::<usize>().ok());
        let version = number.and_then(|number| key.versions.get(number.checked_sub(1)?));
        let (Some(version), Some(signature)) = (version, parts.next()) else {
            return Err(Refusal::bad_request("invalid signature: no prefix"));
        };
        let valid = version.verifies(&input, signature, marshaling);
        Ok(Reply::data(json!({ "valid": valid })).into())
    }
}

fn describe_version(key_type: KeyType, version: &KeyVersion) -> Value {
    json!({
        "certificate_chain": "",
        "creation_time": clock::nanoseconds(version.created),
        "name": key_type.version_name(),
        "public_key": version.public_key,
    })
}

fn decoded(input: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(input).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            _ => 0,
        };
        format!("unable to decode input as base64: illegal base64 data at input byte {at}")
    })
}

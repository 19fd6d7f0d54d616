//! The engine `kv`, version 2: versions with check-and-set, deletion, destruction and metadata.

mod key;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answer::{Refusal, Reply, Success};
use crate::call::{Call, Operation};
use key::{Key, Version};

/// The number of versions of a key unless its mount or metadata has another number.
const MAX_VERSIONS: u64 = 10;

/// One mount.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Kv {
    cas_required: bool,
    max_versions: u64,
    keys: BTreeMap<String, Key>,
}

impl Kv {
    /// Handles a call below the mount.
    pub(crate) fn handle(&mut self, call: &Call, path: &str) -> Result<Success, Refusal> {
        let (kind, key) = path.split_once('/').unwrap_or((path, ""));
        match (kind, call.operation) {
            ("config", Operation::Read) => Ok(Reply::data(self.config()).into()),
            ("config", Operation::Write) => {
                self.cas_required = call.flag("cas_required").unwrap_or(self.cas_required);
                self.max_versions = number(call.integer("max_versions")).unwrap_or(self.max_versions);
                Ok(Success::NoContent)
            }
            ("data", Operation::Read) => self.read(call, key),
            ("data", Operation::Write) => self.write(call, key, false),
            ("data", Operation::Patch) => self.write(call, key, true),
            ("data", Operation::Delete) => {
                let newest = self.keys.get(key).map(|found| found.current_version);
                self.change(key, newest, |version, now| version.deleted = Some(now), call.now)
            }
            ("delete", Operation::Write) => {
                self.change(key, versions(call), |version, now| version.deleted = Some(now), call.now)
            }
            ("undelete", Operation::Write) => {
                self.change(key, versions(call), |version, _| version.deleted = None, call.now)
            }
            ("destroy", Operation::Write) => {
                let destroy = |version: &mut Version, _| {
                    version.data = Value::Null;
                    version.is_destroyed = true;
                };
                self.change(key, versions(call), destroy, call.now)
            }
            ("metadata", Operation::List) => self.list(key),
            ("metadata", Operation::Read) => {
                let found = self.keys.get(key).ok_or_else(Refusal::not_found)?;
                Ok(Reply::data(found.metadata()).into())
            }
            ("metadata", Operation::Write) => Ok(self.write_metadata(call, key)),
            ("metadata", Operation::Delete) => {
                self.keys.remove(key);
                Ok(Success::NoContent)
            }
            ("data" | "delete" | "undelete" | "destroy" | "metadata" | "config", _) => {
                Err(Refusal::unsupported_operation())
            }
            _ => Ok(Reply {
                is_absent: true,
                warnings: vec![
                    "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the OpenBao CLI, use 'bao kv get' for this operation."
                        .to_owned(),
                ],
                ..Reply::default()
            }
            .into()),
        }
    }

    fn config(&self) -> Value {
        json!({
            "cas_required": self.cas_required,
            "delete_version_after": "0s",
            "max_versions": self.max_versions,
            "metadata_cas_required": false,
        })
    }

    fn read(&self, call: &Call, key: &str) -> Result<Success, Refusal> {
        let wanted = match call.query.get("version") {
            None => 0,
            Some(text) => text.parse().map_err(|_| {
                Refusal::bad_request("Field validation failed: error converting input for field \"version\": '' cannot parse value as 'int': strconv.ParseInt: invalid syntax")
            })?,
        };
        let found = self.keys.get(key).ok_or_else(Refusal::not_found)?;
        let number = if wanted == 0 {
            found.current_version
        } else {
            wanted
        };
        let version = found.versions.get(&number).ok_or_else(Refusal::not_found)?;
        let is_absent = version.deleted.is_some() || version.is_destroyed;
        let data = if is_absent { &Value::Null } else { &version.data };
        let metadata = version.metadata(number, &found.custom_metadata);
        let data = json!({"data": data, "metadata": metadata});
        Ok(Reply {
            data,
            is_absent,
            ..Reply::default()
        }
        .into())
    }

    fn write(&mut self, call: &Call, key: &str, is_patch: bool) -> Result<Success, Refusal> {
        let Some(Value::Object(given)) = call.body.get("data") else {
            return Err(Refusal::bad_request("no data provided"));
        };
        let found = self.keys.get(key);
        if is_patch && found.is_none() {
            return Err(Refusal::not_found());
        }
        let current = found.map_or(0, |found| found.current_version);
        let is_required = self.cas_required || found.is_some_and(|found| found.cas_required);
        check_cas(call.body.get("options"), current, is_required)?;
        let mut data = Map::new();
        if let (true, Some(newest)) = (is_patch, found.and_then(|found| found.versions.get(&current))) {
            data = newest.data.as_object().cloned().unwrap_or_default();
        }
        merge(&mut data, given, is_patch);
        let version = Version {
            data: Value::Object(data),
            created: call.now,
            deleted: None,
            is_destroyed: false,
        };
        let key = self
            .keys
            .entry(key.to_owned())
            .or_insert_with(|| Key::new(call.now));
        key.current_version += 1;
        key.updated = call.now;
        let answer = version.metadata(key.current_version, &key.custom_metadata);
        key.versions.insert(key.current_version, version);
        let limits = [key.max_versions, self.max_versions, MAX_VERSIONS];
        key.prune(
            limits
                .into_iter()
                .find(|limit| *limit > 0)
                .unwrap_or(MAX_VERSIONS),
        );
        Ok(Reply::data(answer).into())
    }

    /// Changes versions of a key; those that are missing are passed over.
    fn change(
        &mut self,
        key: &str,
        numbers: impl IntoIterator<Item = u64>,
        change: impl Fn(&mut Version, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<Success, Refusal> {
        if let Some(found) = self.keys.get_mut(key) {
            for number in numbers {
                if let Some(version) = found.versions.get_mut(&number) {
                    change(version, now);
                }
            }
        }
        Ok(Success::NoContent)
    }

    fn list(&self, folder: &str) -> Result<Success, Refusal> {
        let folder = folder.trim_end_matches('/');
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let below = self.keys.keys().filter_map(|key| key.strip_prefix(&prefix));
        let mut names: Vec<String> = below
            .map(|name| {
                name.split_once('/')
                    .map_or_else(|| name.to_owned(), |(first, _)| format!("{first}/"))
            })
            .collect();
        names.dedup();
        if names.is_empty() {
            return Err(Refusal::not_found());
        }
        Ok(Reply::data(json!({ "keys": names })).into())
    }

    fn write_metadata(&mut self, call: &Call, key: &str) -> Success {
        let key = self
            .keys
            .entry(key.to_owned())
            .or_insert_with(|| Key::new(call.now));
        if call.has("custom_metadata") {
            key.custom_metadata = call.body["custom_metadata"].clone();
        }
        key.max_versions = number(call.integer("max_versions")).unwrap_or(key.max_versions);
        key.cas_required = call.flag("cas_required").unwrap_or(key.cas_required);
        if let Some(time) = call.filled("delete_version_after") {
            key.delete_version_after = time;
        }
        key.metadata_version += 1;
        Success::NoContent
    }
}

/// Compares the given number of the newest version.
fn check_cas(options: Option<&Value>, current: u64, is_required: bool) -> Result<(), Refusal> {
    let cas = match options.and_then(|options| options.get("cas")) {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => match text.parse() {
            Ok(number) => Some(number),
            Err(_) => return Err(Refusal::bad_request("error parsing check-and-set parameter")),
        },
        _ if is_required => {
            return Err(Refusal::bad_request(
                "check-and-set parameter required for this call",
            ));
        }
        _ => return Ok(()),
    };
    if cas.and_then(|cas| u64::try_from(cas).ok()) == Some(current) {
        return Ok(());
    }
    Err(Refusal::bad_request(
        "check-and-set parameter did not match the current version",
    ))
}

/// Adds fields; a patch removes those that are null (RFC 7396).
fn merge(data: &mut Map<String, Value>, given: &Map<String, Value>, is_patch: bool) {
    for (name, value) in given {
        match (is_patch, value) {
            (true, Value::Null) => drop(data.remove(name)),
            (true, Value::Object(inner)) => {
                let below = data.entry(name.clone()).or_insert_with(|| json!({}));
                if !below.is_object() {
                    *below = json!({});
                }
                if let Some(below) = below.as_object_mut() {
                    merge(below, inner, true);
                }
            }
            _ => drop(data.insert(name.clone(), value.clone())),
        }
    }
}

fn versions(call: &Call) -> Vec<u64> {
    let texts = call.list("versions").unwrap_or_default();
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn number(value: Option<i64>) -> Option<u64> {
    value.and_then(|value| u64::try_from(value).ok())
}

//! Compares an answer with the recorded one.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::replay::bindings::Bindings;
use crate::replay::transcript::{Entry, Near};
use crate::support::client::Answer;

/// The number that the recording has for every Unix time.
const UNIX_TIME: i64 = 1_700_000_000;
/// The number that it has for every index of raft.
const RAFT_INDEX: i64 = 1000;

/// The differences between an answer and the recorded one; none when it is as recorded.
pub fn differences(entry: &Entry, answer: &Answer, bindings: &mut Bindings) -> Vec<String> {
    let expected = &entry.response;
    let mut found = Vec::new();
    if answer.status != expected.status {
        found.push(format!(
            "status {} instead of {}: {}",
            answer.status, expected.status, answer.body
        ));
    }
    if entry.varies.is_some() || !found.is_empty() {
        return found;
    }
    let mut comparison = Comparison {
        near: &entry.near,
        bindings,
        found,
    };
    comparison.headers(&expected.headers, answer);
    if entry.body_is.is_some() {
        comparison.text("body", expected.body.as_str().unwrap_or_default(), &answer.body);
    } else if expected.body.is_null() {
        if !answer.body.is_empty() {
            comparison
                .found
                .push(format!("a body where there is none: {}", answer.body));
        }
    } else {
        comparison.json_body(entry, answer);
    }
    comparison.found
}

struct Comparison<'a> {
    near: &'a BTreeMap<String, Near>,
    bindings: &'a mut Bindings,
    found: Vec<String>,
}

impl Comparison<'_> {
    fn headers(&mut self, expected: &BTreeMap<String, String>, answer: &Answer) {
        let expected: BTreeMap<String, &String> = expected
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value))
            .collect();
        for (name, value) in &expected {
            let Some(actual) = answer.headers.get(name) else {
                self.found.push(format!("header {name} is missing"));
                continue;
            };
            let near = self.near.get(&format!("header:{name}"));
            match near {
                Some(near) => {
                    let wanted = value.parse().unwrap_or(i64::MIN / 2);
                    self.number(name, wanted, near.tolerance, actual.parse().unwrap_or(-1));
                }
                None => self.text(&format!("header {name}"), value, actual),
            }
        }
        for name in answer.headers.keys() {
            let is_compared = ["content-type", "cache-control", "retry-after", "location"]
                .contains(&name.as_str())
                || name.starts_with("x-vault-")
                || name.starts_with("x-ratelimit-");
            if is_compared && !expected.contains_key(name) {
                self.found.push(format!("header {name} where there is none"));
            }
        }
    }

    fn json_body(&mut self, entry: &Entry, answer: &Answer) {
        let has_newline = answer.body.ends_with('\n');
        let wants_newline = entry.note.as_deref() != Some("no newline at the end");
        if has_newline != wants_newline {
            self.found.push(format!(
                "newline at the end: {has_newline} instead of {wants_newline}"
            ));
        }
        match serde_json::from_str(&answer.body) {
            Ok(actual) => self.value("", &entry.response.body, &actual),
            Err(error) => self.found.push(format!("{error}: {}", answer.body)),
        }
    }

    fn value(&mut self, path: &str, expected: &Value, actual: &Value) {
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => {
                for (name, value) in expected {
                    match actual.get(name) {
                        Some(actual) => self.value(&below(path, name), value, actual),
                        None => self.found.push(format!("{} is missing", below(path, name))),
                    }
                }
                for name in actual.keys().filter(|name| !expected.contains_key(*name)) {
                    self.found
                        .push(format!("{} where there is none", below(path, name)));
                }
            }
            (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
                for (at, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                    self.value(&below(path, &at.to_string()), expected, actual);
                }
            }
            (Value::String(expected), Value::String(actual)) => self.text(path, expected, actual),
            (Value::Number(wanted), Value::Number(number)) => {
                let number = number.as_i64().unwrap_or(i64::MIN / 2);
                let wanted = wanted.as_i64().unwrap_or(i64::MIN / 2);
                let near = self.near.get(path);
                match wanted {
                    UNIX_TIME => self.number(path, UNIX_TIME + 500_000_000, 500_000_000, number),
                    RAFT_INDEX if path.starts_with("raft_") => self.number(path, 500_000, 499_999, number),
                    _ => self.number(path, wanted, near.map_or(0, |near| near.tolerance), number),
                }
            }
            _ if expected == actual => {}
            _ => self.found.push(format!("{path}: {actual} instead of {expected}")),
        }
    }

    fn text(&mut self, path: &str, expected: &str, actual: &str) {
        if !self.bindings.matches(expected, actual) {
            self.found
                .push(format!("{path}: {actual:?} instead of {expected:?}"));
        }
    }

    fn number(&mut self, path: &str, wanted: i64, tolerance: i64, actual: i64) {
        if (actual - wanted).abs() > tolerance {
            self.found
                .push(format!("{path}: {actual} instead of {wanted} ± {tolerance}"));
        }
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}/{name}")
    }
}

//! One request as the engines read it: operation, path, fields with the server's lenient types.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::answer::Refusal;
use crate::go_duration;

/// What a policy grants or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    /// POST and PUT.
    Write,
    Delete,
    List,
    Patch,
}

/// A request below `/v1/`.
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// Without `/v1/`.
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    pub(crate) body: Map<String, Value>,
    pub(crate) token: Option<String>,
    /// The wish for a wrapped reply, in seconds.
    pub(crate) wrap_ttl: Option<i64>,
    pub(crate) source: IpAddr,
    pub(crate) now: DateTime<Utc>,
}

impl Call {
    /// Whether the field is given and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.body.get(name).is_some_and(|value| !value.is_null())
    }

    /// A text field; numbers and flags count as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.body.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// A text field that is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A list, also as one text with commas.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        match self.body.get(name)? {
            Value::Array(items) => Some(items.iter().map(text_of).collect()),
            Value::String(text) if text.is_empty() => Some(Vec::new()),
            Value::String(text) => Some(text.split(',').map(|item| item.trim().to_owned()).collect()),
            _ => None,
        }
    }

    /// A list of statements: one text is one item.
    pub(crate) fn statements(&self, name: &str) -> Option<Vec<String>> {
        match self.body.get(name)? {
            Value::String(text) => Some(vec![text.clone()]),
            _ => self.list(name),
        }
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.body.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.body.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A duration as a number of seconds or in Go's form.
    ///
    /// # Errors
    /// 400 when it is neither.
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let text = match self.body.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => return Ok(number.as_i64()),
            Some(value) => text_of(value),
        };
        let convert = |error| {
            format!(
                "error converting input for field {}: {error}",
                go_duration::quoted(name)
            )
        };
        go_duration::parse(&text)
            .map(Some)
            .map_err(|error| Refusal::bad_request(convert(error)))
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

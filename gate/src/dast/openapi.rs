//! The operations of an OpenAPI document, as far as scans need them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::scan_result::{ScanError, parse_json};

/// What it is called in errors.
pub const DOCUMENT: &str = "OpenAPI document";

#[derive(Debug, Clone)]
pub struct OpenApi {
    pub text: String,
    /// In the order of their paths.
    pub operations: Vec<Operation>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// In upper case.
    #[serde(skip)]
    pub method: String,
    /// With placeholders: `/wishes/{id}`.
    #[serde(skip)]
    pub path: String,
    #[serde(default, rename = "operationId")]
    pub id: String,
    #[serde(default)]
    security: Vec<Value>,
    #[serde(default)]
    parameters: Vec<Parameter>,
    #[serde(default)]
    responses: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
struct Parameter {
    name: String,
    /// `path`, `query` or `header`.
    #[serde(rename = "in")]
    location: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    schema: Value,
    example: Option<Value>,
}

#[derive(Deserialize)]
struct Document {
    paths: BTreeMap<String, BTreeMap<String, Value>>,
}

/// The methods that OpenAPI defines.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

impl OpenApi {
    /// # Errors
    /// `ToolFailed` when it is no OpenAPI document or has no operation: a scan would find nothing.
    pub fn parse(text: &str) -> Result<OpenApi, ScanError> {
        let document: Document = parse_json(text, DOCUMENT)?;
        let mut operations = Vec::new();
        for (path, item) in document.paths {
            for (method, value) in item {
                if METHODS.contains(&method.as_str()) {
                    let operation: Operation = parse_json(&value.to_string(), DOCUMENT)?;
                    operations.push(Operation {
                        method: method.to_uppercase(),
                        path: path.clone(),
                        ..operation
                    });
                }
            }
        }
        if operations.is_empty() {
            let why = "the OpenAPI document has no operation";
            return Err(ScanError::ToolFailed(why.to_owned()));
        }
        let text = text.to_owned();
        Ok(OpenApi { text, operations })
    }

    /// The number of operations.
    pub fn count(&self) -> u64 {
        self.operations.len() as u64
    }
}

impl Operation {
    /// `GET /wishes/{id}`.
    pub fn label(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether it requires authentication.
    pub fn is_secured(&self) -> bool {
        !self.security.is_empty()
    }

    pub fn statuses(&self) -> impl Iterator<Item = u16> {
        self.responses.keys().filter_map(|status| status.parse().ok())
    }

    /// Path and query with examples for required parameters.
    pub fn target(&self) -> String {
        let mut target = self.path.clone();
        let mut separator = '?';
        for parameter in self.parameters.iter().filter(|parameter| parameter.required) {
            let (name, example) = (&parameter.name, parameter.example());
            match parameter.location.as_str() {
                "path" => target = target.replace(&format!("{{{name}}}"), &example),
                "query" => {
                    target += &format!("{separator}{name}={example}");
                    separator = '&';
                }
                _ => {}
            }
        }
        target
    }
}

impl Parameter {
    fn example(&self) -> String {
        let given = [self.example.as_ref(), self.schema.get("example")];
        match given.into_iter().flatten().next() {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None if self.schema["type"] == "string" => "x".to_owned(),
            None => "1".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_read_with_examples_for_required_parameters() {
        let document = OpenApi::parse(
            r#"{"paths": {"/items/{id}": {"parameters": [], "get": {"operationId": "getItem", "security": [{"b": []}],
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}},
            {"name": "day", "in": "query", "required": true, "schema": {"type": "string", "example": "2021-01-01"}},
            {"name": "q", "in": "query"}]}, "post": {"requestBody": {"content": {"application/json": {}}}}}}}"#,
        )
        .unwrap();
        let labels: Vec<String> = document.operations.iter().map(Operation::label).collect();
        assert_eq!(labels, ["GET /items/{id}", "POST /items/{id}"]);
        assert_eq!(document.operations[0].target(), "/items/1?day=2021-01-01");
        assert!(document.operations[0].is_secured() && !document.operations[1].is_secured());
        for bad in ["", "{}", r#"{"paths": {}}"#] {
            assert!(OpenApi::parse(bad).is_err(), "{bad}");
        }
    }
}

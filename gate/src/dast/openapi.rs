//! What the service says that it can do: the operations of its OpenAPI document, as far as a scan must know them; asks
//! nobody.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::scan_result::ScanError;

/// The document's operations.
#[derive(Debug, Clone)]
pub struct OpenApi {
    /// As it came.
    pub text: String,
    /// In the order of their paths.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// `GET`.
    pub method: String,
    /// `/wishes/{id}`.
    pub path: String,
    /// Its own name.
    pub id: String,
    /// Whether it asks who asks.
    pub secured: bool,
    /// Parameters of path and query: name, where, an example.
    pub parameters: Vec<Parameter>,
    /// Media types of its body.
    pub bodies: Vec<String>,
    /// Statuses that it answers with.
    pub statuses: Vec<u16>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header`.
    pub place: String,
    /// Whether it must be there.
    pub required: bool,
    /// Something of its kind.
    pub example: String,
}

#[derive(Deserialize)]
struct Raw {
    paths: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawOperation {
    #[serde(default)]
    operation_id: String,
    #[serde(default)]
    security: Vec<serde_json::Value>,
    #[serde(default)]
    parameters: Vec<RawParameter>,
    request_body: Option<RawBody>,
    #[serde(default)]
    responses: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct RawParameter {
    name: String,
    #[serde(rename = "in")]
    place: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    schema: serde_json::Value,
    example: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawBody {
    #[serde(default)]
    content: BTreeMap<String, serde_json::Value>,
}

/// The methods that OpenAPI knows.
const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

impl OpenApi {
    /// Reads it.
    ///
    /// # Errors
    /// `ToolFailed` when it is no OpenAPI document, or has no operation: a scan of nothing finds nothing.
    pub fn parse(text: &str) -> Result<OpenApi, ScanError> {
        let broke = |why: serde_json::Error| ScanError::ToolFailed(format!("no OpenAPI document: {why}"));
        let raw: Raw = serde_json::from_str(text).map_err(broke)?;
        let mut operations = Vec::new();
        for (path, item) in raw.paths {
            for (method, value) in item {
                if METHODS.contains(&method.as_str()) {
                    let raw: RawOperation = serde_json::from_value(value).map_err(broke)?;
                    operations.push(operation(&path, &method, raw));
                }
            }
        }
        match operations.is_empty() {
            true => Err(ScanError::ToolFailed(
                "the OpenAPI document has no operation".to_owned(),
            )),
            false => Ok(OpenApi {
                text: text.to_owned(),
                operations,
            }),
        }
    }

    /// How many operations there are.
    pub fn count(&self) -> u64 {
        self.operations.len() as u64
    }
}

impl Operation {
    /// `GET /wishes/{id}`.
    pub fn label(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Path and query with examples in place of what must be there.
    pub fn target(&self) -> String {
        let mut target = self.path.clone();
        let mut sign = '?';
        for parameter in self.parameters.iter().filter(|parameter| parameter.required) {
            let Parameter { name, example, .. } = parameter;
            match parameter.place.as_str() {
                "path" => target = target.replace(&format!("{{{name}}}"), example),
                "query" => {
                    target += &format!("{sign}{name}={example}");
                    sign = '&';
                }
                _ => {}
            }
        }
        target
    }
}

fn operation(path: &str, method: &str, raw: RawOperation) -> Operation {
    let parameters = raw.parameters.into_iter().map(|raw| Parameter {
        example: example(&raw),
        name: raw.name,
        place: raw.place,
        required: raw.required,
    });
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        id: raw.operation_id,
        secured: !raw.security.is_empty(),
        parameters: parameters.collect(),
        statuses: raw
            .responses
            .keys()
            .filter_map(|status| status.parse().ok())
            .collect(),
        bodies: raw
            .request_body
            .map_or_else(Vec::new, |body| body.content.into_keys().collect()),
    }
}

fn example(raw: &RawParameter) -> String {
    let given = [raw.example.as_ref(), raw.schema.get("example")];
    match given.into_iter().flatten().next() {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None if raw.schema.get("type").is_some_and(|kind| kind == "string") => "x".to_owned(),
        None => "1".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_read_with_what_it_takes_to_ask_them() {
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
        assert!(document.operations[0].secured && !document.operations[1].secured);
        assert_eq!(document.operations[1].bodies, ["application/json"]);
        for bad in ["", "{}", r#"{"paths": {}}"#] {
            assert!(OpenApi::parse(bad).is_err(), "{bad}");
        }
    }
}

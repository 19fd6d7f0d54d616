//! The OpenAPI document as ZAP gets it: without what would end its session, and without what its importer turns into requests
//! that no service accepts.

use serde_json::Value;

use crate::dast::openapi::DOCUMENT;
use crate::dast::zap::settings::{Excluded, Zap};
use crate::scan_result::{ScanError, parse_json};

/// The prepared document, and the excluded operations that it had.
pub fn prepare<'c>(document: &str, config: &'c Zap) -> Result<(String, Vec<&'c Excluded>), ScanError> {
    let mut document: Value = parse_json(document, DOCUMENT)?;
    let mut removed = Vec::new();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(|paths| paths.values_mut());
    for methods in items.filter_map(Value::as_object_mut) {
        methods.retain(|_, operation| {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let found = config.excluded.iter().find(|one| one.operation == id);
            removed.extend(found);
            found.is_none()
        });
        for operation in methods.values_mut() {
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            if let Some(parameters) = parameters {
                parameters.retain(|parameter| !config.is_omitted(parameter));
            }
        }
    }
    simplify(&mut document);
    Ok((document.to_string(), removed))
}

impl Zap {
    fn is_omitted(&self, parameter: &Value) -> bool {
        let name = parameter["name"].as_str().unwrap_or_default();
        parameter["required"] != true && self.omitted_parameters.iter().any(|omitted| omitted == name)
    }
}

/// ZAP writes dates as Java prints them, and examples as they are, in Latin-1, into JSON texts.
fn simplify(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(simplify),
        Value::Object(members) => {
            members.retain(|name, value| {
                name != "format" || !matches!(value.as_str(), Some("date" | "date-time"))
            });
            for (name, value) in members.iter_mut() {
                match value {
                    Value::String(text) if name == "example" => *text = first_ascii_line(text),
                    value => simplify(value),
                }
            }
        }
        _ => {}
    }
}

fn first_ascii_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(char::is_ascii).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_loses_what_zap_cannot_send() {
        let document = r#"{"paths": {"/out": {"post": {"operationId": "logOut"}}, "/rates": {"get": {"operationId": "rates",
            "parameters": [{"name": "origin", "in": "query"}, {"name": "id", "in": "query", "required": true},
            {"name": "date", "in": "query", "schema": {"type": "string", "format": "date", "example": "2021-01-01"}}]}}},
            "note": {"type": "string", "format": "email", "example": "From Tromsø,\nnorth"}}"#;
        let excluded = [
            ("logOut", "it ends the session"),
            ("logIn", "it takes a password"),
        ];
        let config = Zap {
            tokens: Vec::new(),
            browser: String::new(),
            omitted_parameters: vec!["origin".into(), "id".into()],
            min_answered: 0,
            excluded: excluded
                .map(|(operation, why)| Excluded {
                    operation: operation.into(),
                    why: why.into(),
                })
                .into(),
        };
        let (rest, removed) = prepare(document, &config).unwrap();
        let removed: Vec<&str> = removed.iter().map(|one| one.operation.as_str()).collect();
        assert_eq!(removed, ["logOut"]);
        for (text, stays) in [
            ("logOut", false),
            ("origin", false),
            ("\"id\"", true),
            ("\"date\"", true),
            ("format\":\"date", false),
            ("format\":\"email", true),
            ("\"From Troms,\"", true),
        ] {
            assert_eq!(rest.contains(text), stays, "{text}: {rest}");
        }
    }
}

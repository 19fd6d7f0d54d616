//! The OpenAPI document: the committed file equals the generated one, and every operation is documented.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::environment;
use crate::support::program;
use serde_json::{Map, Value};
use std::path::PathBuf;

fn committed_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json")
}

/// The part of the document that this build serves: without the feature `access`, neither its operations nor what only they use.
fn in_this_build(committed: &str) -> String {
    if cfg!(feature = "access") {
        return committed.to_owned();
    }
    let mut document: Value = serde_json::from_str(committed).unwrap();
    let paths = document["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| !path.starts_with("/access/"));
    let tags = document["tags"].as_array_mut().unwrap();
    tags.retain(|tag| tag["name"] != "Access");
    let used = document["paths"].to_string();
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    schemas.retain(|name, _| !name.starts_with("Access") || used.contains(name.as_str()));
    let schemes = document["components"]["securitySchemes"].as_object_mut().unwrap();
    schemes.remove("access.approve");
    format!("{document:#}\n")
}

/// A4, O11: `docs/openapi.json` equals what the program prints and serves; `UPDATE_DOCS=1` updates it.
#[test]
fn the_committed_document_equals_the_printed_and_served_one() {
    let printed = program::run(&["openapi"], &[]);
    assert!(printed.status.success());
    let printed = program::stdout(&printed);
    if environment::update_docs() && cfg!(feature = "access") {
        std::fs::write(committed_path(), &printed).unwrap();
    }
    let committed = in_this_build(&std::fs::read_to_string(committed_path()).unwrap_or_default());
    assert!(
        committed == printed,
        "docs/openapi.json is out of date: run the tests once with UPDATE_DOCS=1"
    );
    let database = Database::not_created();
    let app = App::over(&database);
    let served = app.get("/openapi.json");
    assert!(served.header("content-type").starts_with("application/json"));
    assert!(served.text() == printed, "the served document differs");
}

/// A4, O11: Every operation has an id, a summary, and documents its success and error responses.
#[test]
fn every_operation_is_named_described_and_documents_its_errors() {
    let document: Value = serde_json::from_str(&program::stdout(&program::run(&["openapi"], &[]))).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let mut names = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(!name.is_empty() && !names.contains(&name), "{method} {path}");
            names.push(name);
            assert!(
                operation["summary"].as_str().is_some_and(|text| !text.is_empty()),
                "{name}"
            );
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{name} documents no success"
            );
            for status in ["400", "408", "421", "429", "431", "500", "503"] {
                assert!(
                    responses.contains_key(status),
                    "{name} does not document {status}"
                );
            }
            for (status, response) in responses
                .iter()
                .filter(|(status, _)| status.starts_with(['4', '5']))
            {
                let content = response["content"].as_object().unwrap();
                // The one error that no other operation has: its format is that of RFC 6749 §5.2.
                let is_oauth = name == "getClientToken" && status == "401";
                assert!(
                    is_oauth || content.contains_key("application/problem+json"),
                    "{name} {status}"
                );
                assert_ne!(response["description"], "", "{name} {status}");
            }
        }
    }
    assert!(names.contains(&"listRates") && names.len() >= 10, "{names:?}");
}

/// O11: Generated clients compile: no schema has the name that a generator gives to the constructor of another one (`NewUser` of
/// `User` in Go), no operation has a parameter that OpenAPI 3.0 ignores, and schemas of responses have names.
#[test]
fn names_collide_with_nothing_that_generators_make() {
    let document: Value = serde_json::from_str(&program::stdout(&program::run(&["openapi"], &[]))).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        let made = |other: &String| {
            [
                "New{}",
                "{}WithDefaults",
                "Nullable{}",
                "{}Impl",
                "{}Json",
                "{}FromJSON",
                "{}ToJSON",
            ]
            .iter()
            .any(|form| form.replace("{}", other) == *name)
        };
        assert!(!schemas.keys().any(made), "{name}");
        // What the Go client itself is made of.
        let own = ["Client", "ClientInterface", "ClientOption", "ClientWithResponses"];
        assert!(!own.contains(&name.as_str()), "{name}");
    }
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let ignored = ["Accept", "Content-Type", "Authorization"];
                assert!(!ignored.contains(&name), "{method} {path}: {name}");
            }
        }
    }
    for (label, media_types) in successes(&document) {
        for (_, media_type) in media_types {
            let schema = &media_type["schema"];
            let named = schema["$ref"].is_string();
            assert!(named || schema["type"] == "string", "{label}: {schema}");
        }
    }
    for (name, schema) in schemas {
        for (member, of) in schema["properties"].as_object().into_iter().flatten() {
            // Python's client has a variable of each name.
            let same = member.replace('_', "").eq_ignore_ascii_case(name);
            assert!(!same || of["type"] == "string", "{name}: {member}");
        }
        for one in schema["oneOf"].as_array().into_iter().flatten() {
            assert!(one["$ref"].is_string(), "{name}: {one}");
        }
    }
}

/// F8: An operation that machine clients may call names the scope that they need, and the scheme names the token endpoint.
#[test]
fn operations_of_machine_clients_name_their_scope() {
    let document: Value = serde_json::from_str(&program::stdout(&program::run(&["openapi"], &[]))).unwrap();
    let security = &document["paths"]["/introspect"]["post"]["security"];
    let expected = serde_json::json!([{"tokens.introspect": []}, {"client": ["tokens:introspect"]}]);
    assert_eq!(*security, expected);
    let flow = &document["components"]["securitySchemes"]["client"]["flows"]["clientCredentials"];
    assert_eq!(flow["tokenUrl"], "/oauth/token");
    let scopes: Vec<&String> = flow["scopes"].as_object().unwrap().keys().collect();
    assert_eq!(scopes, ["rates:write", "tokens:introspect"]);
}

/// O11: A success has one media type: a generated client decodes whatever it receives as the first one.
#[test]
fn a_success_has_one_media_type() {
    let document: Value = serde_json::from_str(&program::stdout(&program::run(&["openapi"], &[]))).unwrap();
    let mut kinds = Vec::new();
    for (label, media_types) in successes(&document) {
        assert!(media_types.len() <= 1, "{label}: {media_types:?}");
        assert!(!media_types.keys().any(|kind| kind.contains(';')), "{label}");
        kinds.extend(media_types.keys().cloned());
    }
    assert!(kinds.contains(&"text/csv".to_owned()), "{kinds:?}");
}

/// The content of each response below 300, with a label.
fn successes(document: &Value) -> Vec<(String, Map<String, Value>)> {
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                if status.as_str() < "300" {
                    let content = response["content"].as_object().cloned().unwrap_or_default();
                    found.push((format!("{method} {path} {status}"), content));
                }
            }
        }
    }
    found
}

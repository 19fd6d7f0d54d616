//! Unknown and repeated parameters, over every operation of the document.
use crate::support::accounts;
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;
use crate::support::sample_data::small;
use portcullis::types::role::Role;
use serde_json::Value;

/// One operation of the document.
struct Operation {
    method: String,
    /// With its path parameters filled in.
    path: String,
    parameters: Vec<String>,
    /// Whether it takes a JSON body: one without members is sent, so that it is not the body that is refused.
    takes_json: bool,
}

fn operations(app: &App) -> Vec<Operation> {
    let document = app.get("/openapi.json").json();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let none = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&none);
            let names = |place: &str| -> Vec<String> {
                let of_place = parameters.iter().filter(|parameter| parameter["in"] == place);
                of_place
                    .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                    .collect()
            };
            let filled = path
                .replace("{code}", "CNGGZ")
                .replace("{slug}", "baltic")
                .replace("{id}", "1");
            assert!(!filled.contains('{'), "teach this test a value for {path}");
            all.push(Operation {
                method: method.to_uppercase(),
                path: filled,
                parameters: names("query"),
                takes_json: operation["requestBody"]["content"]["application/json"].is_object(),
            });
        }
    }
    assert!(all.len() >= 9);
    all
}

/// By an administrator: who may not ask at all is not told about parameters.
fn ask(app: &App, admin: &str, operation: &Operation, query: &str) -> Response {
    let path = format!("{}?{query}", operation.path);
    let request = app.request(&operation.method, &path).bearer_auth(admin);
    send(match operation.takes_json {
        true => accounts::with_json(request, "{}"),
        false => request,
    })
}

/// B7, O5: so that a misspelt parameter is never silently ignored.
#[test]
fn every_operation_refuses_a_parameter_that_it_does_not_know() {
    let database = Database::with(&small());
    let app = App::over(&database);
    let admin = accounts::token(&app, &database, "admin@example.org", Role::Admin);
    for operation in operations(&app) {
        for (query, name) in [
            ("nobody_knows_this=1", "nobody_knows_this"),
            ("x", "x"),
            ("%41b=1&", "Ab"),
        ] {
            let fields = ask(&app, &admin, &operation, query).fields(400);
            assert!(
                fields.contains(&format!("query:{name}")),
                "{}: {fields:?}",
                operation.path
            );
        }
        let flood: String = (0..50).map(|n| format!("p{n}=1&")).collect();
        assert!(
            ask(&app, &admin, &operation, &flood).fields(400).len() <= 30,
            "{}",
            operation.path
        );
    }
}

/// B7, O5
#[test]
fn every_operation_refuses_each_of_its_parameters_twice() {
    let database = Database::with(&small());
    let app = App::over(&database);
    let admin = accounts::token(&app, &database, "admin@example.org", Role::Admin);
    let mut checked = 0;
    for operation in operations(&app) {
        for name in &operation.parameters {
            let problem = ask(&app, &admin, &operation, &format!("{name}=1&{name}=1")).problem(400);
            let errors = problem["errors"].as_array().unwrap();
            let told = errors.iter().find(|error| error["field"] == **name);
            assert!(told.is_some(), "{} {name}: {problem}", operation.path);
            assert_eq!(told.unwrap()["reason"], Value::from("is given more than once"));
            checked += 1;
        }
    }
    assert!(checked >= 11, "{checked}");
}

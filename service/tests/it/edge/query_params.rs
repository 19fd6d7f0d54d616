//! Unknown and repeated parameters, over every operation of the OpenAPI document.

#[cfg(feature = "access")]
use crate::access::parties::WITHOUT_VAULT;
use crate::support::accounts;
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;
use crate::support::sample_data::small;
use portcullis::types::role::Role;
use serde_json::Value;

#[cfg(not(feature = "access"))]
const WITHOUT_VAULT: [(&str, &str); 0] = [];

/// An operation of the document.
struct Operation {
    method: String,
    /// With its path parameters filled in.
    path: String,
    parameters: Vec<String>,
    /// Whether it takes a JSON body. An empty object is sent, so that the media type is not what is rejected.
    takes_json: bool,
    /// Whether it needs the scope `rates:write`, which administrators lack.
    stores_prices: bool,
}

/// Who sends the requests: authorization precedes the validation of parameters.
struct Callers {
    admin: String,
    ingest: String,
}

impl Callers {
    fn log_in(app: &App, database: &Database) -> Self {
        let log_in = |email, role| accounts::create_and_log_in(app, database, email, role);
        Self {
            admin: log_in("admin@example.org", Role::Admin),
            ingest: log_in("ingest@example.org", Role::Ingest),
        }
    }
}

fn operations(app: &App) -> Vec<Operation> {
    let document = app.get("/openapi.json").json();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let none = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&none);
            let names = |location: &str| -> Vec<String> {
                let matching = parameters.iter().filter(|parameter| parameter["in"] == location);
                matching
                    .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                    .collect()
            };
            let filled = path
                .replace("{code}", "CNGGZ")
                .replace("{slug}", "baltic")
                .replace("{id}", "1")
                .replace("{secret_id}", "1")
                .replace("{key_id}", "1")
                .replace("{name}", "v-portcullis-access");
            assert!(
                !filled.contains('{'),
                "this test needs a value for the parameter of {path}"
            );
            all.push(Operation {
                method: method.to_uppercase(),
                path: filled,
                parameters: names("query"),
                takes_json: operation["requestBody"]["content"]["application/json"].is_object(),
                stores_prices: operation["security"].to_string().contains("rates.write"),
            });
        }
    }
    assert!(all.len() >= 9);
    all
}

fn send_operation(app: &App, callers: &Callers, operation: &Operation, query: &str) -> Response {
    let path = format!("{}?{query}", operation.path);
    let token = if operation.stores_prices {
        &callers.ingest
    } else {
        &callers.admin
    };
    let request = app.request(&operation.method, &path).bearer_auth(token);
    send(if operation.takes_json {
        accounts::with_json(request, "{}")
    } else {
        request
    })
}

/// B7, O5: Every operation rejects an unknown parameter, so that a misspelt one is never silently ignored.
#[test]
fn every_operation_rejects_an_unknown_parameter() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let callers = Callers::log_in(&app, &database);
    for operation in operations(&app) {
        for (query, name) in [
            ("unknown_parameter=1", "unknown_parameter"),
            ("x", "x"),
            ("%41b=1&", "Ab"),
        ] {
            let fields = send_operation(&app, &callers, &operation, query).fields(400);
            assert!(
                fields.contains(&format!("query:{name}")),
                "{}: {fields:?}",
                operation.path
            );
        }
        let many: String = (0..50).map(|n| format!("p{n}=1&")).collect();
        assert!(
            send_operation(&app, &callers, &operation, &many)
                .fields(400)
                .len()
                <= 30,
            "{}",
            operation.path
        );
    }
}

/// B7, O5: Every operation rejects each of its parameters when repeated.
#[test]
fn every_operation_rejects_a_repeated_parameter() {
    let database = Database::with_data(&small());
    let app = App::start(&database.settings(&[&WITHOUT_VAULT[..], &[("UPLOADS", "on")]].concat()));
    let callers = Callers::log_in(&app, &database);
    let mut checked = 0;
    for operation in operations(&app) {
        for name in &operation.parameters {
            let problem =
                send_operation(&app, &callers, &operation, &format!("{name}=1&{name}=1")).problem(400);
            let errors = problem["errors"].as_array().unwrap();
            let error = errors.iter().find(|error| error["field"] == **name);
            assert!(error.is_some(), "{} {name}: {problem}", operation.path);
            assert_eq!(error.unwrap()["reason"], Value::from("is given more than once"));
            checked += 1;
        }
    }
    assert!(checked >= 11, "{checked}");
}

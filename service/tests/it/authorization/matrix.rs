//! Every operation as every caller: the written matrix, the document, the table of rights and the running service agree.
use crate::support::accounts;
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::types::role::{Role, Scope};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

/// The columns of the matrix.
const CALLERS: [Option<Role>; 5] = [
    None,
    Some(Role::User),
    Some(Role::Ingest),
    Some(Role::Approver),
    Some(Role::Admin),
];

/// One row: operation, method, path, and a word for each caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    operation: String,
    method: String,
    path: String,
    cells: Vec<String>,
}

/// The rows of docs/authorization.md.
fn written() -> Vec<Row> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/authorization.md");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let mut rows: Vec<Vec<&str>> = lines
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let heads = rows.drain(..2).collect::<Vec<_>>();
    assert_eq!(heads[0][2..], ["anyone", "user", "ingest", "approver", "admin"]);
    let row = |cells: Vec<&str>| {
        let (method, path) = cells[1].split_once(' ').unwrap();
        Row {
            operation: cells[0].to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            cells: cells[2..].iter().map(|cell| (*cell).to_owned()).collect(),
        }
    };
    rows.into_iter().map(row).collect()
}

/// What the document and the table of rights come to: a scheme of a right lets those roles in that have it.
fn expected(operation: &Value) -> Vec<String> {
    let scheme = operation["security"][0]
        .as_object()
        .and_then(|schemes| schemes.keys().next());
    let word = |caller: Option<Role>| match (scheme.map(String::as_str), caller) {
        (None, _) => "yes",
        (Some("basic"), _) | (Some(_), None) => "401",
        (Some(scheme), Some(role)) => match role.scopes().contains(&scope(scheme)) {
            true => "yes",
            false => "403",
        },
    };
    CALLERS.map(|caller| word(caller).to_owned()).to_vec()
}

/// The right of a scheme: `users.read` stands for `users:read`.
fn scope(scheme: &str) -> Scope {
    let all = Role::ALL.iter().flat_map(|role| role.scopes());
    let found = all
        .copied()
        .find(|scope| scope.as_str().replace(':', ".") == scheme);
    found.unwrap_or_else(|| panic!("no right is called {scheme}"))
}

fn app() -> (Database, App) {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("DEMO", "token")]));
    (database, app)
}

/// D10, E19: a new operation without a row fails here, and so does a row that no operation has.
#[test]
fn the_matrix_is_that_of_the_document_and_of_the_table_of_rights() {
    let (_database, app) = app();
    let document = app.get("/openapi.json").json();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            documented.insert(Row {
                operation: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                cells: expected(operation),
            });
        }
    }
    let rows = written();
    let written: BTreeSet<Row> = rows.iter().cloned().collect();
    assert_eq!(written.len(), rows.len(), "a row stands there twice");
    let missing: Vec<_> = documented.difference(&written).collect();
    let extra: Vec<_> = written.difference(&documented).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "docs/authorization.md lacks {missing:#?}, and has {extra:#?}"
    );
    assert!(written.len() >= 40, "{}", written.len());
}

/// Everybody's tokens. Some operations end the session that they are called with: then another is begun.
struct People<'a> {
    database: &'a Database,
    app: &'a App,
    tokens: HashMap<Role, String>,
    made: u32,
}

impl People<'_> {
    fn token(&mut self, role: Role) -> String {
        let token = self.tokens.get(&role).cloned().unwrap_or_default();
        if !token.is_empty() && accounts::get_as(self.app, &token, "/auth/me").status == 200 {
            return token;
        }
        self.made += 1;
        let email = format!("{role}{}@example.org", self.made);
        let token = accounts::create_and_log_in(self.app, self.database, &email, role);
        self.tokens.insert(role, token.clone());
        token
    }
}

/// The operation with what it needs to be found, and nothing else.
fn filled(row: &Row) -> String {
    let id = match row.operation.as_str() {
        "endSession" => "00000000-0000-4000-8000-000000000000",
        _ => "1",
    };
    let path = row
        .path
        .replace("{code}", "CNGGZ")
        .replace("{slug}", "baltic")
        .replace("{id}", id);
    assert!(!path.contains('{'), "teach this test a value for {path}");
    path
}

fn call(app: &App, method: &str, path: &str, token: Option<&str>) -> Response {
    let request = app.request(method, path);
    send(match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
}

/// What the response means for who asked.
fn word(response: &Response) -> &'static str {
    match response.status {
        401 => "401",
        403 => "403",
        500.. => panic!("{response:?}"),
        _ => "yes",
    }
}

/// D10, E19: over a socket. No request holds a parameter or a body: who may not ask is told so before anything else.
#[test]
fn every_operation_lets_in_whom_the_matrix_says() {
    let (database, app) = app();
    let mut people = People {
        database: &database,
        app: &app,
        tokens: HashMap::new(),
        made: 0,
    };
    let mut wrong = BTreeMap::new();
    for row in written() {
        for (caller, cell) in CALLERS.into_iter().zip(&row.cells) {
            let token = caller.map(|role| people.token(role));
            let response = call(&app, &row.method, &filled(&row), token.as_deref());
            if word(&response) != cell {
                wrong.insert(
                    format!("{} as {caller:?}", row.operation),
                    (cell.clone(), response.status),
                );
            }
            check_challenge(&response, token.is_some(), &row);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// RFC 6750 §3.1: without a token no error is named; with one too weak, it is.
fn check_challenge(response: &Response, with_token: bool, row: &Row) {
    let challenge = response.header("www-authenticate");
    let told = match (response.status, row.operation.as_str(), with_token) {
        (401, "getToken", _) => challenge.starts_with("Basic "),
        (401, _, false) => challenge == "Bearer",
        (403, ..) => challenge.contains("error=\"insufficient_scope\""),
        _ => true,
    };
    assert!(
        told,
        "{} responds {} with {challenge:?}",
        row.operation, response.status
    );
}

/// D10, E19: a token that is not ours opens nothing, and closes nothing that is open.
#[test]
fn a_bad_token_is_as_good_as_none() {
    let (database, app) = app();
    let token = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::Admin);
    accounts::call_as(&app, &token, "POST", "/auth/logout", &Value::Null);
    for row in written() {
        for bad in ["x", "a.b.c", &token] {
            let response = call(&app, &row.method, &filled(&row), Some(bad));
            assert_eq!(word(&response), row.cells[0], "{} with {bad}", row.operation);
            if response.status == 401 && row.operation != "getToken" {
                assert_eq!(
                    response.header("www-authenticate"),
                    "Bearer error=\"invalid_token\""
                );
            }
        }
    }
}

/// D10: HEAD is GET, for rights as well; and what is asked for wrongly is not looked at before who asks.
#[test]
fn neither_head_nor_a_bad_request_is_a_way_around() {
    let (database, app) = app();
    let user = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    for row in written()
        .iter()
        .filter(|row| row.cells[0] == "401" && row.operation != "getToken")
    {
        let path = filled(row);
        if row.method == "GET" {
            assert_eq!(call(&app, "HEAD", &path, None).status, 401, "{path}");
            let as_user = call(&app, "HEAD", &path, Some(&user)).status;
            assert_eq!(as_user == 403, row.cells[1] == "403", "{path}");
        }
        for token in [None, Some(user.as_str()).filter(|_| row.cells[1] == "403")] {
            let mut request = app
                .request(&row.method, &path)
                .header("content-type", "application/json");
            request = match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            let response = send(request.body("{\"nobody\":1,"));
            assert!(
                [401, 403].contains(&response.status),
                "{} {path}: {response:?}",
                row.method
            );
        }
    }
}

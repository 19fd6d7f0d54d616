//! Every operation as every role: the documented matrix, the OpenAPI document, the rights of the roles and the running service
//! agree.

use crate::support::accounts;
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::machine_client::{ALL_SCOPES, MachineClient};
use crate::support::response::Response;
use portcullis::types::role::{Role, Scope};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

/// A column of the matrix.
#[derive(Clone, Copy, Debug)]
enum Caller {
    Anyone,
    Account(Role),
    /// A machine client with every scope that one can have.
    Client,
}

/// The columns of the matrix.
const CALLERS: [Caller; 7] = [
    Caller::Anyone,
    Caller::Account(Role::User),
    Caller::Account(Role::Ingest),
    Caller::Account(Role::Approver),
    Caller::Account(Role::Introspector),
    Caller::Account(Role::Admin),
    Caller::Client,
];

/// The operations that take Basic credentials, of an account or of a client, and no access token.
const BASIC: [&str; 2] = ["getToken", "getClientToken"];

/// Enables every operation.
const SETTINGS: &[(&str, &str)] = if cfg!(feature = "access") {
    &[
        ("DEMO", "token"),
        ("UPLOADS", "on"),
        ("ACCESS_REQUESTS", "vault"),
        ("ACCESS_VAULT_ROLE_ID", "portcullis-broker"),
        ("ACCESS_VAULT_SECRET_ID", "a-secret-id-of-no-vault"),
        ("VAULT_ADDRESS", "http://127.0.0.1:9"),
        ("VAULT_ROLE_ID", "portcullis"),
        ("VAULT_SECRET_ID", "a-secret-id-of-no-vault"),
    ]
} else {
    &[("DEMO", "token"), ("UPLOADS", "on")]
};

/// A row of the matrix: operation, method, path, and an outcome per role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    operation: String,
    method: String,
    path: String,
    cells: Vec<String>,
}

/// The rows of docs/authorization.md.
fn documented_rows() -> Vec<Row> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/authorization.md");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let mut rows: Vec<Vec<&str>> = lines
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let header = rows.drain(..2).collect::<Vec<_>>();
    assert_eq!(
        header[0][2..],
        [
            "anyone",
            "user",
            "ingest",
            "approver",
            "introspector",
            "admin",
            "client"
        ]
    );
    let row = |cells: Vec<&str>| {
        let (method, path) = cells[1].split_once(' ').unwrap();
        Row {
            operation: cells[0].to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            cells: cells[2..].iter().map(|cell| (*cell).to_owned()).collect(),
        }
    };
    let in_this_build = |row: &Row| cfg!(feature = "access") || !row.path.starts_with("/access/");
    rows.into_iter().map(row).filter(in_this_build).collect()
}

/// The outcomes that follow from the security scheme of an operation and the rights of the roles.
fn expected_cells(operation: &Value) -> Vec<String> {
    let schemes = operation["security"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = schemes
        .iter()
        .filter_map(|scheme| scheme.as_object()?.keys().next().map(String::as_str))
        .collect();
    let outcome = |caller: Caller| match (names.first().copied(), caller) {
        (None, _) => "yes",
        (Some("basic" | "client.secret"), _) | (Some(_), Caller::Anyone) => "401",
        (Some(scheme), Caller::Account(role)) if role.scopes().contains(&scope(scheme)) => "yes",
        (Some(scheme), Caller::Client)
            if names.contains(&"client") && Scope::OF_CLIENTS.contains(&scope(scheme)) =>
        {
            "yes"
        }
        (Some(_), Caller::Account(_) | Caller::Client) => "403",
    };
    CALLERS.map(|caller| outcome(caller).to_owned()).to_vec()
}

/// The scope of a security scheme: `users.read` means `users:read`.
fn scope(scheme: &str) -> Scope {
    let all = Role::ALL.iter().flat_map(|role| role.scopes());
    let scope = all
        .copied()
        .find(|scope| scope.as_str().replace(':', ".") == scheme);
    scope.unwrap_or_else(|| panic!("no scope for {scheme}"))
}

fn app() -> (Database, App) {
    let database = Database::fresh();
    let app = App::start(&database.settings(SETTINGS));
    (database, app)
}

/// D10, E19: docs/authorization.md lists every operation with the outcome per role that follows from the OpenAPI document and
/// the rights of the roles.
#[test]
fn the_matrix_matches_the_document_and_the_rights() {
    let (_database, app) = app();
    let document = app.get("/openapi.json").json();
    let mut derived = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            derived.insert(Row {
                operation: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                cells: expected_cells(operation),
            });
        }
    }
    let rows = documented_rows();
    let documented: BTreeSet<Row> = rows.iter().cloned().collect();
    assert_eq!(documented.len(), rows.len(), "a row is repeated");
    let missing: Vec<_> = derived.difference(&documented).collect();
    let extra: Vec<_> = documented.difference(&derived).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "docs/authorization.md lacks {missing:#?}, and should not contain {extra:#?}"
    );
    assert!(documented.len() >= 40, "{}", documented.len());
}

/// A token per role. Some operations end the session of their token, which is then replaced.
struct RoleTokens<'a> {
    database: &'a Database,
    app: &'a App,
    tokens: HashMap<Role, String>,
    account_count: u32,
    client: String,
}

impl RoleTokens<'_> {
    fn token_of(&mut self, caller: Caller) -> Option<String> {
        match caller {
            Caller::Anyone => None,
            Caller::Account(role) => Some(self.token(role)),
            Caller::Client => Some(self.client.clone()),
        }
    }

    fn token(&mut self, role: Role) -> String {
        let token = self.tokens.get(&role).cloned().unwrap_or_default();
        if !token.is_empty() && accounts::get_as(self.app, &token, "/auth/me").status == 200 {
            return token;
        }
        self.account_count += 1;
        let email = format!("{role}{}@example.org", self.account_count);
        let token = accounts::create_and_log_in(self.app, self.database, &email, role);
        self.tokens.insert(role, token.clone());
        token
    }
}

/// The path of a row, with values for its parameters.
fn path_of(row: &Row) -> String {
    let is_uuid = row.operation == "endSession" || row.path.starts_with("/clients/");
    let id = if is_uuid {
        "00000000-0000-4000-8000-000000000000"
    } else {
        "1"
    };
    let path = row
        .path
        .replace("{code}", "CNGGZ")
        .replace("{slug}", "baltic")
        .replace("{name}", "v-unknown")
        .replace("{secret_id}", id)
        .replace("{key_id}", id)
        .replace("{id}", id);
    assert!(!path.contains('{'), "this test needs a value for {path}");
    path
}

fn call(app: &App, method: &str, path: &str, token: Option<&str>) -> Response {
    let request = app.request(method, path);
    send(match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
}

/// The outcome of a response.
fn outcome(response: &Response) -> &'static str {
    match response.status {
        401 => "401",
        403 => "403",
        500.. => panic!("{response:?}"),
        _ => "yes",
    }
}

/// D10, E19, F8: Every operation admits and rejects every role and a machine client as documented, before any parameter or body is validated.
#[test]
fn every_operation_admits_the_documented_roles() {
    let (database, app) = app();
    let admin = accounts::create_and_log_in(&app, &database, "root@example.org", Role::Admin);
    let client = MachineClient::create_as(&app, &admin, ALL_SCOPES);
    let mut tokens = RoleTokens {
        database: &database,
        app: &app,
        tokens: HashMap::new(),
        account_count: 0,
        client: client.token(&app),
    };
    let mut wrong = BTreeMap::new();
    for row in documented_rows() {
        for (caller, cell) in CALLERS.into_iter().zip(&row.cells) {
            let token = tokens.token_of(caller);
            let response = call(&app, &row.method, &path_of(&row), token.as_deref());
            if outcome(&response) != cell {
                wrong.insert(
                    format!("{} as {caller:?}", row.operation),
                    (cell.clone(), response.status),
                );
            }
            check_challenge(&response, token.is_some(), &row);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The client was refused by the operations that would have ended its token.
    let introspected = app.request("POST", "/introspect").bearer_auth(&tokens.client);
    let form = introspected.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(send(form.body("token=x")).status, 200);
}

/// RFC 6750 §3.1: The challenge names an error only when the request had a token.
fn check_challenge(response: &Response, with_token: bool, row: &Row) {
    let challenge = response.header("www-authenticate");
    let valid = match (response.status, row.operation.as_str(), with_token) {
        (401, operation, _) if BASIC.contains(&operation) => challenge.starts_with("Basic "),
        (401, _, false) => challenge == "Bearer",
        (403, ..) => challenge.contains("error=\"insufficient_scope\""),
        _ => true,
    };
    assert!(
        valid,
        "{} responds {} with {challenge:?}",
        row.operation, response.status
    );
}

/// Takes dead tokens as well, and a token in its body.
const LOG_OUT: &str = "logOut";

/// D10, E19: An invalid token has the same outcome as none, except for signing out, where it is no error (RFC 7009 §2.2).
#[test]
fn an_invalid_token_is_like_none() {
    let (database, app) = app();
    let token = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::Admin);
    accounts::call_as(&app, &token, "POST", "/auth/logout", &Value::Null);
    for row in documented_rows() {
        for invalid in ["x", "a.b.c", &token] {
            let response = call(&app, &row.method, &path_of(&row), Some(invalid));
            let expected = match row.operation.as_str() {
                LOG_OUT => "yes",
                _ => row.cells[0].as_str(),
            };
            assert_eq!(outcome(&response), expected, "{} with {invalid}", row.operation);
            if response.status == 401 && !BASIC.contains(&row.operation.as_str()) {
                assert_eq!(
                    response.header("www-authenticate"),
                    "Bearer error=\"invalid_token\""
                );
            }
        }
    }
}

/// D10: HEAD requires the same rights as GET, and a malformed body is not read before the rights are checked.
#[test]
fn head_and_malformed_requests_need_the_same_rights() {
    let (database, app) = app();
    let user = accounts::create_and_log_in(&app, &database, "ann@example.org", Role::User);
    for row in documented_rows()
        .iter()
        .filter(|row| row.cells[0] == "401" && row.operation != LOG_OUT)
        .filter(|row| !BASIC.contains(&row.operation.as_str()))
    {
        let path = path_of(row);
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

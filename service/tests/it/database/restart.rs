//! The database restarts while operations are in flight, on a dedicated server.

use crate::support::accounts::{
    PASSWORD, TokenPair, call_as, create_account, log_in, post, try_log_in, with_json,
};
use crate::support::app::{App, send, wait_for_status};
use crate::support::database::{Database, settings};
use crate::support::own_postgres::{self, HeldLocks};
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// An operation: its name, its status on success and its request.
type Operation<'a> = (&'static str, u16, Box<dyn Fn() -> Response + Sync + 'a>);

/// A digest of everything that an operation could leave partially changed.
const STATE_DIGEST: &str = "SELECT md5(concat_ws('|',
    (SELECT string_agg(a::text, '/' ORDER BY id) FROM accounts.accounts a),
    (SELECT string_agg(s::text, '/' ORDER BY id) FROM sessions.sessions s),
    (SELECT string_agg(r::text, '/' ORDER BY token_hash) FROM sessions.refresh_tokens r),
    (SELECT string_agg(w::text, '/' ORDER BY id) FROM wishes.wishes w),
    (SELECT count(*) FROM accounts.links), (SELECT count(*) FROM mail.outbox),
    (SELECT count(*) FROM audit.events))) AS line";

/// Checks that the status is 503 with `Retry-After`.
fn assert_unavailable(what: &str, response: &Response) {
    assert_eq!(response.status, 503, "{what}: {response:?}");
    assert!(
        response.header("retry-after").parse::<u32>().unwrap() >= 1,
        "{what}"
    );
}

/// Operations of users and administrators, on independent data that is created here.
fn operations<'a>(app: &'a App, database: &Database) -> Vec<Operation<'a>> {
    let sign_in = |email: &str, role| {
        create_account(database, email, role);
        log_in(app, email)
    };
    let root = sign_in("root@a.example", Role::Admin).access;
    let [ann, bob, carl] =
        ["ann@a.example", "bob@a.example", "carl@a.example"].map(|email| sign_in(email, Role::User));
    let TokenPair { access: ann, .. } = ann;
    let user = |email: &str| {
        let made = call_as(app, &root, "POST", "/user", &json!({ "email": email }));
        made.json()["id"].as_i64().unwrap()
    };
    let (changed, deleted) = (user("changed@a.example"), user("deleted@a.example"));
    let wish = || {
        call_as(app, &ann, "POST", "/wishes", &json!({"title": "w"}))
            .header("location")
            .to_owned()
    };
    let (better, gone) = (wish(), wish());
    let own = ann.clone();
    let change = move |path: &str, body: Value| {
        let request = app
            .request("PUT", path)
            .bearer_auth(&own)
            .header("if-match", "\"1\"");
        send(with_json(request, &body.to_string()))
    };
    let rename = move |id: i64, token: &str| {
        let request = app.request("PUT", &format!("/user?id={id}")).bearer_auth(token);
        let body = json!({"email": "renamed@a.example"}).to_string();
        send(with_json(request.header("if-match", "*"), &body))
    };
    let (admin, admin_too, new) = (root.clone(), root.clone(), root);
    let own = ann.clone();
    vec![
        (
            "log in",
            200,
            Box::new(|| try_log_in(app, "carl@a.example", PASSWORD)),
        ),
        (
            "refresh",
            200,
            Box::new(move || post(app, "/auth/refresh", &json!({"refresh_token": bob.refresh}))),
        ),
        (
            "log out",
            204,
            Box::new(move || call_as(app, &carl.access, "POST", "/auth/logout", &Value::Null)),
        ),
        (
            "token",
            200,
            Box::new(|| {
                send(
                    app.request("POST", "/login")
                        .basic_auth("ann@a.example", Some(PASSWORD)),
                )
            }),
        ),
        (
            "create",
            201,
            Box::new(move || call_as(app, &new, "POST", "/user", &json!({"email": "new@a.example"}))),
        ),
        ("change", 200, Box::new(move || rename(changed, &admin))),
        (
            "delete",
            200,
            Box::new(move || {
                call_as(
                    app,
                    &admin_too,
                    "DELETE",
                    &format!("/user?id={deleted}"),
                    &Value::Null,
                )
            }),
        ),
        (
            "create wish",
            201,
            Box::new(move || call_as(app, &ann, "POST", "/wishes", &json!({"title": "new"}))),
        ),
        (
            "change wish",
            200,
            Box::new(move || change(&better, json!({"title": "b", "note": "", "done": true}))),
        ),
        (
            "delete wish",
            204,
            Box::new(move || call_as(app, &own, "DELETE", &gone, &Value::Null)),
        ),
    ]
}

/// B16, E5, E12, E13, D1, D3, D4, G4: If the database stops while operations are in flight, each ends with 503 and
/// `Retry-After` and none is partially applied; they are 503 while it is down, and succeed after its restart.
#[test]
fn a_database_restart_leaves_no_operation_partially_applied() {
    let (mut cluster, server) = own_postgres::start();
    let pools = [
        ("DATABASE_ACCOUNTS_POOL_SIZE", "12"),
        ("DATABASE_WISHES_POOL_SIZE", "4"),
        ("MAIL_FOLDER", "/dev/null/mails"),
    ];
    let app = App::start(&settings(server.pairs("portcullis"), &pools));
    wait_for_status(200, Duration::from_secs(5), || app.get("/health/ready"));
    let database = Database {
        name: "portcullis".to_owned(),
        server,
    };
    let operations = operations(&app, &database);
    let before = database.lines(STATE_DIGEST);
    let held = HeldLocks::acquire(
        &database.server,
        "SELECT * FROM audit.head FOR UPDATE;
         LOCK sessions.refresh_tokens, wishes.wishes IN SHARE ROW EXCLUSIVE MODE",
    );
    let responses: Vec<Response> = std::thread::scope(|scope| {
        let in_flight: Vec<_> = operations
            .iter()
            .map(|(.., operation)| scope.spawn(operation))
            .collect();
        held.wait_for_blocked(operations.len());
        cluster.stop().unwrap();
        in_flight.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for ((what, ..), response) in operations.iter().zip(&responses) {
        assert_unavailable(what, response);
    }
    for (what, _, operation) in &operations {
        let start = Instant::now();
        assert_unavailable(what, &operation());
        assert!(
            start.elapsed() < Duration::from_secs(4),
            "{what}: {:?}",
            start.elapsed()
        );
    }
    cluster.resume().unwrap();
    held.release();
    wait_for_status(200, Duration::from_secs(5), || app.get("/health/ready"));
    wait_for_status(400, Duration::from_secs(5), || {
        post(&app, "/auth/refresh", &json!({}))
    });
    assert_eq!(
        database.lines(STATE_DIGEST),
        before,
        "an operation was partially applied"
    );
    for (what, success, operation) in &operations {
        let within = Duration::from_secs(3);
        let start = Instant::now();
        let mut response = operation();
        while response.status == 503 && start.elapsed() < within {
            sleep(Duration::from_millis(50));
            response = operation();
        }
        assert_eq!(response.status, *success, "{what}: {response:?}");
    }
}

//! The database restarts during each account change, on a server that only this test uses.

use crate::support::accounts::{self, PASSWORD, call_as, post};
use crate::support::app::{App, wait_for_status};
use crate::support::database::{DATA_KEY, Server, lines, settings};
use crate::support::own_postgres::{self, HeldLocks};
use crate::support::response::Response;
use diesel::connection::SimpleConnection;
use portcullis::crypto::data_key::DataKey;
use serde_json::{Value, json};
use std::time::Duration;

const NEW: &str = "an entirely different sentence";

/// A digest of all state that an account change writes.
const STATE: &str = "SELECT md5(concat_ws('|', \
    (SELECT string_agg(a::text, '/' ORDER BY id) FROM accounts.accounts a), \
    (SELECT string_agg(c::text, '/' ORDER BY account_id) FROM accounts.credentials c), \
    (SELECT string_agg(l::text, '/' ORDER BY id) FROM accounts.links l), \
    (SELECT string_agg(concat_ws(',', id, ended_at), '/' ORDER BY id) FROM sessions.sessions), \
    (SELECT count(*) FROM mail.outbox), (SELECT count(*) FROM audit.events))) AS line";

/// One request, with the access token it uses, if any, and the status of its success.
struct Flow {
    token: Option<String>,
    method: &'static str,
    path: &'static str,
    body: Value,
    expected: u16,
}

impl Flow {
    fn send(&self, app: &App) -> Response {
        match &self.token {
            Some(token) => call_as(app, token, self.method, self.path, &self.body),
            None => post(app, self.path, &self.body),
        }
    }
}

/// The token of the newest mail of a kind to an address.
fn token(server: &Server, kind: &str, address: &str) -> String {
    let statement = format!(
        "SELECT link_id::text AS line FROM mail.outbox WHERE kind = '{kind}' AND recipient = '{address}' ORDER BY id DESC"
    );
    let ids = lines(&mut server.admin("portcullis"), &statement).unwrap();
    let key = DataKey::parse(DATA_KEY).unwrap();
    key.link_token(ids[0].parse().unwrap()).reveal().to_owned()
}

/// Every account change, after creating the accounts and links that it requires.
fn flows(app: &App, server: &Server) -> Vec<Flow> {
    let register =
        |email: &str| json!({ "name": "Ann", "email": email, "password": "a quiet mountain lake" });
    for email in ["confirm@a.example", "resend@a.example", "invite@a.example"] {
        assert_eq!(post(app, "/auth/register", &register(email)).status, 202);
    }
    let mut conn = server.admin("portcullis");
    let invited = "UPDATE accounts.accounts SET state = 'invited' WHERE email_key = 'invite@a.example'";
    conn.batch_execute(invited).unwrap();
    post(app, "/auth/resend", &json!({ "email": "invite@a.example" }));
    let mut create_and_log_in = |email: &str| {
        let statement = format!(
            "WITH created AS (INSERT INTO accounts.accounts (email, email_key, name, state, confirmed_at) \
               VALUES ('{email}', '{email}', 'Ann', 'active', now()) RETURNING id) \
             INSERT INTO accounts.credentials (account_id, password_hash, password_changed_at) \
             SELECT id, '{}', now() FROM created",
            accounts::password_hash()
        );
        conn.batch_execute(&statement).unwrap();
        accounts::log_in(app, email).access
    };
    let [_, _, moving] =
        ["forgot@a.example", "reset@a.example", "move@a.example"].map(&mut create_and_log_in);
    let [name, password, email, leave] = [
        "name@a.example",
        "password@a.example",
        "email@a.example",
        "leave@a.example",
    ]
    .map(&mut create_and_log_in);
    post(app, "/auth/forgot", &json!({ "email": "reset@a.example" }));
    let change = json!({ "email": "moved@a.example", "current_password": PASSWORD });
    assert_eq!(call_as(app, &moving, "PUT", "/auth/me", &change).status, 200);
    let open = |path, body, expected| Flow {
        token: None,
        method: "POST",
        path,
        body,
        expected,
    };
    let own = |token: &str, method, body, expected| Flow {
        token: Some(token.to_owned()),
        method,
        path: "/auth/me",
        body,
        expected,
    };
    let link = |kind, email| json!({ "token": token(server, kind, email) });
    let with = |mut body: Value, more: &[(&str, &str)]| {
        for (name, value) in more {
            body[*name] = json!(value);
        }
        body
    };
    vec![
        open("/auth/register", register("new@a.example"), 202),
        open(
            "/auth/confirm",
            with(
                link("confirm", "confirm@a.example"),
                &[("password", "a quiet mountain lake")],
            ),
            200,
        ),
        open("/auth/resend", json!({ "email": "resend@a.example" }), 202),
        open("/auth/forgot", json!({ "email": "forgot@a.example" }), 202),
        open(
            "/auth/reset",
            with(link("reset", "reset@a.example"), &[("password", NEW)]),
            200,
        ),
        open(
            "/auth/invitation",
            with(
                link("invite", "invite@a.example"),
                &[("name", "Ivy"), ("password", NEW)],
            ),
            200,
        ),
        open("/auth/change-email", link("change_email", "moved@a.example"), 200),
        own(&name, "PUT", json!({ "name": "Another" }), 200),
        own(
            &email,
            "PUT",
            json!({ "email": "other@a.example", "current_password": PASSWORD }),
            200,
        ),
        own(
            &password,
            "PUT",
            json!({ "new_password": NEW, "current_password": PASSWORD }),
            200,
        ),
        own(&leave, "DELETE", Value::Null, 204),
    ]
}

/// B16, E1, E2, E4, E9, E10, E14, D9: When the database stops just before each account change commits, every request gets
/// 503 with `Retry-After`, no change is half done, and each request succeeds after the restart.
#[test]
fn a_restart_during_a_change_leaves_nothing_half_done() {
    let (mut cluster, server) = own_postgres::start();
    // One connection per request, so that all requests are in progress at the same time.
    let more = [
        ("DATABASE_ACCOUNTS_POOL_SIZE", "16"),
        ("HASH_THREADS", "4"),
        ("MAIL_FOLDER", "/dev/null/mails"),
    ];
    let app = App::start(&settings(server.pairs("portcullis"), &more));
    wait_for_status(200, Duration::from_secs(5), || app.get("/health/ready"));
    let flows = flows(&app, &server);
    let state = || lines(&mut server.admin("portcullis"), STATE).unwrap();
    let before = state();
    // Every change ends with an audit event, which waits for this lock.
    let held = HeldLocks::acquire(&server, "SELECT * FROM audit.head FOR UPDATE");
    let responses: Vec<Response> = std::thread::scope(|scope| {
        let requests: Vec<_> = flows.iter().map(|flow| scope.spawn(|| flow.send(&app))).collect();
        held.wait_for_blocked(flows.len());
        cluster.stop().unwrap();
        requests
            .into_iter()
            .map(|request| request.join().unwrap())
            .collect()
    });
    for (flow, response) in flows.iter().zip(&responses) {
        response.problem(503);
        assert!(
            response.header("retry-after").parse::<u32>().unwrap() >= 1,
            "{}",
            flow.path
        );
    }
    for flow in &flows {
        flow.send(&app).problem(503);
    }
    cluster.resume().unwrap();
    held.release();
    let token = flows.iter().find_map(|flow| flow.token.as_ref()).unwrap();
    wait_for_status(200, Duration::from_secs(3), || {
        accounts::get_as(&app, token, "/auth/me")
    });
    assert_eq!(state(), before, "a change is half done");
    for flow in &flows {
        let response = flow.send(&app);
        assert_eq!(
            response.status, flow.expected,
            "{} {}: {response:?}",
            flow.method, flow.path
        );
    }
}

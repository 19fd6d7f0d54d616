//! `/populate` and `/delete`, which exist only while the demo is enabled.

use crate::support::accounts::create_and_log_in;
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::program::{run, stderr};
use portcullis::types::role::Role;
use serde_json::json;
use std::collections::HashSet;

fn app(demo: &str) -> (Database, App) {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("DEMO", demo)]));
    (database, app)
}

fn entries(database: &Database) -> Vec<String> {
    database.lines("SELECT data AS line FROM demo.entries ORDER BY id")
}

/// H1, H2: `/populate` stores a random entry, and `/delete` reports the number of deleted rows.
#[test]
fn populate_stores_random_entries_and_delete_reports_their_number() {
    let (database, app) = app("open");
    let mut populated = Vec::new();
    for _ in 0..20 {
        let response = send(app.request("POST", "/populate"));
        assert_eq!(response.status, 201, "{response:?}");
        let body = response.json();
        let data = body["data"].as_str().unwrap().to_owned();
        assert_eq!(body, json!({"data": data, "message": "Data added successfully"}));
        assert!(
            data.len() == 10 && data.bytes().all(|b| b.is_ascii_alphanumeric()),
            "{data}"
        );
        populated.push(data);
    }
    assert_eq!(
        entries(&database),
        populated,
        "the response differs from the stored row"
    );
    assert_eq!(populated.iter().collect::<HashSet<_>>().len(), 20);
    let characters: HashSet<u8> = populated.iter().flat_map(|data| data.bytes()).collect();
    assert!(characters.len() > 40, "of 62: {characters:?}");
    for count in [20, 0] {
        let response = send(app.request("DELETE", "/delete"));
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(
            response.json(),
            json!({"message": format!("{count} rows deleted")})
        );
    }
    send(app.request("POST", "/populate"));
    let one = send(app.request("DELETE", "/delete")).json();
    assert_eq!(one["message"], "1 rows deleted");
}

/// H2: Concurrent deletions count every row once.
#[test]
fn concurrent_deletions_count_every_row_once() {
    let (database, app) = app("open");
    database.execute(
        "INSERT INTO demo.entries (data) SELECT lpad(n::text, 10, '0') FROM generate_series(1, 1000) n",
    );
    let total: u64 = std::thread::scope(|scope| {
        let requests: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let response = send(app.request("DELETE", "/delete")).json();
                    let message = response["message"].as_str().unwrap();
                    message.split(' ').next().unwrap().parse::<u64>().unwrap()
                })
            })
            .collect();
        requests.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!((total, entries(&database).len()), (1000, 0));
}

/// H3: By default the demo is disabled, and its paths are 404 for every caller.
#[test]
fn the_demo_paths_are_404_by_default() {
    let database = Database::fresh();
    let app = App::over(&database);
    let admin = create_and_log_in(&app, &database, "root@example.org", Role::Admin);
    let missing = app.get("/nothing").problem(404);
    for (method, path) in [("POST", "/populate"), ("DELETE", "/delete")] {
        for request in [
            app.request(method, path),
            app.request(method, path).bearer_auth(&admin),
        ] {
            let problem = send(request).problem(404);
            assert_eq!(problem["detail"], missing["detail"], "{method} {path}");
        }
    }
    database.execute("INSERT INTO demo.entries (data) VALUES ('0123456789')");
    send(app.request("DELETE", "/delete")).problem(404);
    assert_eq!(entries(&database).len(), 1);
}

/// H3: With the setting `token`, the demo requires an access token.
#[test]
fn with_the_setting_token_an_access_token_is_required() {
    let (database, app) = app("token");
    let ann = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    for (method, path) in [("POST", "/populate"), ("DELETE", "/delete")] {
        let none = send(app.request(method, path));
        none.problem(401);
        assert_eq!(none.header("www-authenticate"), "Bearer");
        let bad = send(app.request(method, path).bearer_auth("x.y.z"));
        bad.problem(401);
        assert!(bad.header("www-authenticate").contains("invalid_token"));
        send(app.request(method, path).basic_auth("ann@example.org", Some("x"))).problem(401);
        assert_eq!(entries(&database).len(), 0);
    }
    let added = send(app.request("POST", "/populate").bearer_auth(&ann));
    assert_eq!(added.status, 201);
    let deleted = send(app.request("DELETE", "/delete").bearer_auth(&ann));
    assert_eq!(deleted.json(), json!({"message": "1 rows deleted"}));
    database.execute("UPDATE sessions.sessions SET ended_at = now(), end_reason = 'signed_out'");
    send(app.request("POST", "/populate").bearer_auth(&ann)).problem(401);
}

/// H3: With the setting `open`, the demo ignores an invalid token.
#[test]
fn with_the_setting_open_an_invalid_token_is_ignored() {
    let (_database, app) = app("open");
    let response = send(app.request("POST", "/populate").bearer_auth("x.y.z"));
    assert_eq!(response.status, 201);
    send(app.request("POST", "/populate?x=1")).problem(400);
    send(app.request("GET", "/populate")).problem(405);
    send(app.request("POST", "/delete")).problem(405);
}

/// H3: The service does not start with a demo in production, or without the password of its login.
#[test]
fn the_demo_is_rejected_in_production_and_without_its_password() {
    let database = Database::not_created();
    let serve = |profile: &str, demo: &str, without: &str| {
        let mut pairs = database.pairs();
        pairs.retain(|(name, _)| name != without && name != "PROFILE" && name != "DATABASE_SSLMODE");
        if profile == "development" {
            pairs.push(("DATABASE_SSLMODE".into(), "disable".into()));
        }
        pairs.push(("PROFILE".into(), profile.into()));
        pairs.push(("DEMO".into(), demo.into()));
        let output = run(&["serve"], &pairs);
        (output.status.code(), stderr(&output))
    };
    for demo in ["open", "token"] {
        let (code, stderr) = serve("production", demo, "");
        assert_eq!(code, Some(78), "{stderr}");
        assert!(
            stderr.contains("PORTCULLIS_DEMO: must be off in production"),
            "{stderr}"
        );
        let (code, stderr) = serve("development", demo, "DATABASE_DEMO_PASSWORD");
        assert_eq!(code, Some(78), "{stderr}");
        assert!(stderr.contains("PORTCULLIS_DATABASE_DEMO_PASSWORD"), "{stderr}");
    }
    let (code, stderr) = serve("development", "on", "");
    assert_eq!(code, Some(78), "{stderr}");
}

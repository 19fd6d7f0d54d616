//! `/wishes`: create, read, update, delete and list one's own wishes.

use crate::support::accounts::{call_as, create_and_log_in, get_as, with_json};
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

fn app() -> (Database, App, String) {
    let database = Database::fresh();
    let app = App::over(&database);
    let ann = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    (database, app, ann)
}

fn put(token: &str, app: &App, path: &str, tag: &str, body: &Value) -> Response {
    let request = app
        .request("PUT", path)
        .bearer_auth(token)
        .header("if-match", tag);
    send(with_json(request, &body.to_string()))
}

fn titles(response: &Response) -> Vec<String> {
    assert_eq!(response.status, 200, "{response:?}");
    let list = response.json();
    let wishes = list["wishes"].as_array().unwrap();
    wishes
        .iter()
        .map(|wish| wish["title"].as_str().unwrap().to_owned())
        .collect()
}

fn next_path(response: &Response) -> Option<String> {
    let link = response.header("link");
    let path = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    Some(path.to_owned())
}

/// G4: A wish is created, read, changed, marked as done and deleted.
#[test]
fn a_wish_is_created_read_changed_marked_done_and_deleted() {
    let (_database, app, ann) = app();
    let body = json!({"title": "  See Oslo ", "note": "by\ttrain\r\nin\rMay"});
    let made = call_as(&app, &ann, "POST", "/wishes", &body);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("etag"), "\"1\"");
    let wish = made.json();
    let path = format!("/wishes/{}", wish["id"]);
    assert_eq!(made.header("location"), path);
    assert_eq!(wish["title"], "See Oslo");
    assert_eq!(wish["note"], "by train\nin May");
    assert_eq!(wish["done"], false);
    assert_eq!(wish.get("done_at"), None);

    let read = get_as(&app, &ann, &path);
    assert_eq!((read.status, read.json()), (200, wish.clone()));
    assert_eq!(read.header("etag"), "\"1\"");
    assert_eq!(read.header("cache-control"), "no-store, max-age=0");

    let done = put(
        &ann,
        &app,
        &path,
        "\"1\"",
        &json!({"title": "See Oslo", "note": "", "done": true}),
    );
    assert_eq!((done.status, done.header("etag")), (200, "\"2\""), "{done:?}");
    let done = done.json();
    assert_eq!((&done["done"], &done["note"]), (&json!(true), &json!("")));
    assert_eq!(done["created_at"], wish["created_at"]);
    assert_ne!(done["updated_at"], wish["updated_at"]);
    let again = put(
        &ann,
        &app,
        &path,
        "\"2\"",
        &json!({"title": "Saw Oslo", "note": "", "done": true}),
    );
    assert_eq!(
        again.json()["done_at"],
        done["done_at"],
        "the time of completion does not change"
    );
    let undone = put(
        &ann,
        &app,
        &path,
        "*",
        &json!({"title": "See Oslo", "note": "", "done": false}),
    );
    assert_eq!((undone.status, undone.json().get("done_at")), (200, None));

    let deleted = send(app.request("DELETE", &path).bearer_auth(&ann));
    assert_eq!((deleted.status, deleted.body.len()), (204, 0));
    get_as(&app, &ann, &path).problem(404);
    send(app.request("DELETE", &path).bearer_auth(&ann)).problem(404);
    put(
        &ann,
        &app,
        &path,
        "*",
        &json!({"title": "x", "note": "", "done": false}),
    )
    .problem(404);
}

/// G4: Pages list wishes newest first, optionally filtered, without gaps or repetitions while new wishes are added.
#[test]
fn linked_pages_have_no_gaps_or_repetitions() {
    let (database, app, ann) = app();
    database.execute(
        "INSERT INTO wishes.wishes (account_id, title, done_at)
         SELECT id, 'w' || n, CASE WHEN n % 3 = 0 THEN now() END FROM accounts.accounts, generate_series(1, 25) n",
    );
    let newest: Vec<String> = (1..=25).rev().map(|n| format!("w{n}")).collect();
    assert_eq!(titles(&get_as(&app, &ann, "/wishes")), newest);
    let (mut listed, mut sizes, mut path) = (Vec::new(), Vec::new(), "/wishes?limit=10".to_owned());
    loop {
        let page = get_as(&app, &ann, &path);
        let page_titles = titles(&page);
        sizes.push(page_titles.len());
        listed.extend(page_titles);
        call_as(&app, &ann, "POST", "/wishes", &json!({"title": "later"}));
        let Some(link) = next_path(&page) else { break };
        path = link;
    }
    assert_eq!((sizes, listed), (vec![10, 10, 5], newest));
    let done = get_as(&app, &ann, "/wishes?done=true&limit=5");
    assert_eq!(titles(&done), ["w24", "w21", "w18", "w15", "w12"]);
    let rest = get_as(&app, &ann, &next_path(&done).unwrap());
    assert_eq!(titles(&rest), ["w9", "w6", "w3"]);
    assert_eq!(next_path(&rest), None);
    assert_eq!(titles(&get_as(&app, &ann, "/wishes?done=false")).len(), 17 + 3);
}

/// G4: A change requires the current version in `If-Match`; of concurrent changes to the same version one succeeds.
#[test]
fn a_change_requires_the_current_version() {
    let (_database, app, ann) = app();
    call_as(&app, &ann, "POST", "/wishes", &json!({"title": "one"}));
    let path = first_path(&get_as(&app, &ann, "/wishes"));
    let whole = |title: &str| json!({"title": title, "note": "", "done": false});
    call_as(&app, &ann, "PUT", &path, &whole("two")).problem(428);
    for stale in ["\"2\"", "W/\"1\"", "\"0\", \"01\"", "\"one\""] {
        put(&ann, &app, &path, stale, &whole("two")).problem(412);
    }
    for bad in ["1", "\"1", "", "*, \"1\""] {
        let response = put(&ann, &app, &path, bad, &whole("two"));
        assert_eq!(response.fields(400), ["header:If-Match"], "{bad}");
    }
    let delete = |tag: &str| {
        send(
            app.request("DELETE", &path)
                .bearer_auth(&ann)
                .header("if-match", tag),
        )
    };
    delete("\"2\"").problem(412);
    assert_eq!(delete("1").fields(400), ["header:If-Match"]);
    let latin = http::HeaderValue::from_bytes(b"\"1\xe9\"").unwrap();
    let response = send(
        app.request("DELETE", &path)
            .bearer_auth(&ann)
            .header("if-match", latin),
    );
    assert_eq!(
        response.fields(400),
        ["header:If-Match"],
        "a value that is not ASCII is not ignored"
    );
    let statuses = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..8)
            .map(|n| {
                let (ann, app, path, body) = (&ann, &app, &path, whole(&format!("attempt {n}")));
                scope.spawn(move || put(ann, app, path, "\"7\", \"1\"", &body).status)
            })
            .collect();
        let mut statuses: Vec<u16> = attempts.into_iter().map(|one| one.join().unwrap()).collect();
        statuses.sort_unstable();
        statuses
    });
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    assert_eq!(get_as(&app, &ann, &path).header("etag"), "\"2\"");
    assert_eq!(delete("\"2\"").status, 204);
}

fn first_path(list: &Response) -> String {
    format!("/wishes/{}", list.json()["wishes"][0]["id"])
}

/// G4: An account has at most 1,000 wishes, also under concurrent requests.
#[test]
fn an_account_has_at_most_a_thousand_wishes() {
    let (database, app, ann) = app();
    database.execute(
        "INSERT INTO wishes.wishes (account_id, title) SELECT id, 'w' FROM accounts.accounts, generate_series(1, 997)",
    );
    let bob = create_and_log_in(&app, &database, "bob@example.org", Role::User);
    let statuses = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..10)
            .map(|_| scope.spawn(|| call_as(&app, &ann, "POST", "/wishes", &json!({"title": "more"})).status))
            .collect();
        let statuses: Vec<u16> = attempts.into_iter().map(|one| one.join().unwrap()).collect();
        statuses
    });
    let made = statuses.iter().filter(|status| **status == 201).count();
    let refused = statuses.iter().filter(|status| **status == 409).count();
    assert_eq!((made, refused), (3, 7), "{statuses:?}");
    let problem = call_as(&app, &ann, "POST", "/wishes", &json!({"title": "more"})).problem(409);
    assert_eq!(problem["type"], "urn:portcullis:problem:too-many-wishes");
    let other = call_as(&app, &bob, "POST", "/wishes", &json!({"title": "mine"}));
    assert_eq!(other.status, 201, "the limit is per account");
    let path = first_path(&get_as(&app, &ann, "/wishes?limit=1"));
    assert_eq!(send(app.request("DELETE", &path).bearer_auth(&ann)).status, 204);
    assert_eq!(
        call_as(&app, &ann, "POST", "/wishes", &json!({"title": "more"})).status,
        201
    );
}

/// G4, E10: The access token of a deleted account no longer reaches its wishes.
#[test]
fn a_deleted_account_cannot_read_its_wishes() {
    let (database, app, ann) = app();
    assert_eq!(
        call_as(&app, &ann, "POST", "/wishes", &json!({"title": "w"})).status,
        201
    );
    database.execute("UPDATE accounts.accounts SET deleted_at = now()");
    let response = get_as(&app, &ann, "/wishes");
    response.problem(401);
    assert!(response.header("www-authenticate").starts_with("Bearer"));
}

/// G4: A client that has the current version of a wish does not get it again.
#[test]
fn a_current_wish_is_not_sent_again() {
    let (_database, app, ann) = app();
    let path = call_as(&app, &ann, "POST", "/wishes", &json!({"title": "See Oslo"}))
        .header("location")
        .to_owned();
    let read = |method: &str, condition: &str| {
        let request = app.request(method, &path).bearer_auth(&ann);
        send(request.header("if-none-match", condition))
    };
    for (condition, status) in [
        ("\"1\"", 304),
        ("*", 304),
        ("\"2\", W/\"1\"", 304),
        ("\"2\"", 200),
    ] {
        for method in ["GET", "HEAD"] {
            let response = read(method, condition);
            assert_eq!(response.status, status, "{method} {condition}");
            assert_eq!(response.header("etag"), "\"1\"");
        }
    }
    let changed = json!({"title": "See Bergen", "note": "", "done": false});
    assert_eq!(put(&ann, &app, &path, "\"1\"", &changed).status, 200);
    assert_eq!(read("GET", "\"1\"").json()["title"], "See Bergen");
    assert_eq!(read("GET", "\"2\"").body.len(), 0);
}

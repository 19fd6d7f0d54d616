//! Creating and listing requests.

use super::parties::{Parties, Person};
use crate::support::accounts::call_as;
use crate::support::app::App;
use crate::support::database::Database;
use portcullis::types::role::Role;
use serde_json::{Value, json};

/// N4: A request records who wants what, why and for how long; its audit event has neither reason nor address.
#[test]
fn a_request_waits_for_a_decision() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let body =
        json!({"level": "accounts-audit", "hours": 24, "reason": "  Incident 42: who saw the account "});
    let created = parties.call(&parties.ann, "POST", "/access/requests", &body);
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.json()["id"].as_i64().unwrap();
    assert_eq!(created.header("location"), format!("/access/requests/{id}"));
    let request = parties
        .get(&parties.ann, &format!("/access/requests/{id}"))
        .json();
    assert_eq!(request, created.json());
    let mut expected = json!({
        "id": id, "requester_id": parties.ann.id, "requester_email": "ann@example.org", "requester_name": "ann",
        "level": "accounts-audit", "reason": "Incident 42: who saw the account", "hours": 24, "state": "requested",
    });
    expected["requested_at"] = request["requested_at"].clone();
    assert_eq!(request, expected);
    let ann = parties.ann.id;
    assert_eq!(
        parties.events(id),
        [format!(
            r#"access.requested {ann} {{"hours": 24, "level": "accounts-audit"}}"#
        )]
    );
}

/// N4, D8: Every invalid member of a request is named at once.
#[test]
fn an_invalid_request_is_rejected_with_every_invalid_member() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let cases = [
        (json!({}), vec!["level", "reason", "hours"]),
        (
            json!({"level": "superuser", "reason": "", "hours": 0}),
            vec!["level", "reason", "hours"],
        ),
        (
            json!({"level": "rates-read", "reason": "a\nb", "hours": 8761}),
            vec!["reason", "hours"],
        ),
        (
            json!({"level": "rates-read", "reason": "x".repeat(501), "hours": "8"}),
            vec!["reason", "hours"],
        ),
        (
            json!({"level": "rates-read", "reason": "x", "hours": 1.5}),
            vec!["hours"],
        ),
        (
            json!({"level": "rates-read", "reason": "x", "hours": 1, "state": "approved"}),
            vec!["state"],
        ),
    ];
    for (body, fields) in cases {
        let problem = parties
            .call(&parties.ann, "POST", "/access/requests", &body)
            .problem(400);
        let named: Vec<&str> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(named, fields, "{body}");
    }
    let stored = parties
        .database
        .lines("SELECT count(*)::text AS line FROM access.requests");
    assert_eq!(stored, ["0"]);
}

/// N4: An account has at most five undecided requests; withdrawing one permits another.
#[test]
fn an_account_has_at_most_five_undecided_requests() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let ids: Vec<i64> = (0..5)
        .map(|_| parties.request(&parties.ann, "rates-read", 8))
        .collect();
    let body = json!({"level": "rates-read", "hours": 8, "reason": "One more"});
    let sixth = || parties.call(&parties.ann, "POST", "/access/requests", &body);
    let kind = &sixth().problem(409)["type"];
    assert_eq!(*kind, "urn:portcullis:problem:too-many-access-requests");
    assert_eq!(parties.act(&parties.ann, ids[0], "withdraw").status, 200);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| sixth().status)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let created = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!(created, 1, "{statuses:?}");
}

/// N4, D10: A user sees own requests only; approvers and administrators see all of them, page by page.
#[test]
fn requests_of_others_are_hidden_from_users() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    let bob = Person::new(parties.database, &parties.app, "bob@example.org", Role::User);
    let ann = parties.request(&parties.ann, "rates-read", 8);
    let ids: Vec<i64> = (0..3).map(|_| parties.request(&bob, "rates-read", 8)).collect();
    let list = |who: &Person, query: &str| -> Vec<i64> {
        let mut path = format!("/access/requests?limit=2{query}");
        let mut found = Vec::new();
        loop {
            let page = parties.get(who, &path);
            assert_eq!(page.status, 200, "{page:?}");
            let requests = page.json()["requests"].as_array().unwrap().clone();
            found.extend(requests.iter().map(|request| request["id"].as_i64().unwrap()));
            let Some(next) = page.headers.get("link") else {
                return found;
            };
            let link = next.to_str().unwrap();
            path = link[1..link.find('>').unwrap()].to_owned();
        }
    };
    let all = [ids[2], ids[1], ids[0], ann];
    assert_eq!(list(&bob, ""), all[..3]);
    assert_eq!(list(&parties.ann, ""), [ann]);
    assert_eq!(list(&parties.approver, ""), all);
    assert_eq!(list(&parties.admin, ""), all);
    assert_eq!(parties.act(&parties.approver, ids[1], "deny").status, 200);
    assert_eq!(list(&parties.approver, "&state=requested"), [ids[2], ids[0], ann]);
    assert_eq!(list(&parties.approver, "&state=denied"), [ids[1]]);
    parties
        .get(&bob, "/access/requests?state=open&before=0")
        .problem(400);
    let path = format!("/access/requests/{ann}");
    let hidden = parties.get(&bob, &path).problem(404)["detail"].clone();
    assert_eq!(
        hidden,
        parties.get(&bob, "/access/requests/999999").problem(404)["detail"]
    );
    for action in ["withdraw", "revoke"] {
        parties.act(&bob, ann, action).problem(404);
    }
    assert_eq!(parties.get(&parties.approver, &path).status, 200);
}

/// N4: Without the setting the operations are answered 404, after the rights are checked.
#[test]
fn a_setting_enables_the_operations() {
    let database = Database::fresh();
    let app = App::over(&database);
    let ann = Person::new(&database, &app, "ann@example.org", Role::User);
    app.get("/access/requests").problem(401);
    let body = json!({"level": "rates-read", "hours": 8, "reason": "x"});
    call_as(&app, &ann.token, "POST", "/access/requests", &body).problem(404);
    call_as(&app, &ann.token, "GET", "/access/requests", &Value::Null).problem(404);
    call_as(
        &app,
        &ann.token,
        "POST",
        "/access/requests/1/approve",
        &Value::Null,
    )
    .problem(403);
}

/// N4: An account makes at most 20 requests within a day, so that one that withdraws them does not flood the approvers with mails.
#[test]
fn an_account_makes_at_most_twenty_requests_a_day() {
    let database = Database::fresh();
    let parties = Parties::over(&database);
    for _ in 0..20 {
        let id = parties.request(&parties.ann, "rates-read", 8);
        assert_eq!(parties.act(&parties.ann, id, "withdraw").status, 200);
    }
    let body = json!({"level": "rates-read", "hours": 8, "reason": "One more"});
    let problem = parties
        .call(&parties.ann, "POST", "/access/requests", &body)
        .problem(409);
    assert_eq!(problem["type"], "urn:portcullis:problem:too-many-access-requests");
    parties.request(&parties.approver, "rates-read", 8);
    database.execute(
        "SET session_replication_role = replica;
         UPDATE access.requests SET requested_at = requested_at - interval '1 day 1 minute';
         RESET session_replication_role",
    );
    parties.request(&parties.ann, "rates-read", 8);
}

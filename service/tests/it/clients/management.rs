//! Machine clients, as administrators manage them.

use crate::support::accounts::{call_as, with_json};
use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use crate::support::concurrently::concurrently;
use crate::support::machine_client::{ALL_SCOPES, MachineClient};
use crate::support::response::Response;
use serde_json::{Value, json};

const UNKNOWN: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

fn post(admin: &AdminClient, path: &str, body: &Value) -> Response {
    call_as(&admin.app, &admin.token, "POST", path, body)
}

fn put(admin: &AdminClient, path: &str, etag: &str, body: &Value) -> Response {
    let request = admin.request("PUT", path).header("if-match", etag);
    send(with_json(request, &body.to_string()))
}

fn delete(admin: &AdminClient, path: &str) -> Response {
    send(admin.request("DELETE", path))
}

fn events(admin: &AdminClient, client: &str) -> Vec<String> {
    admin.database.lines(&format!(
        "SELECT action || ' ' || (detail - 'credential' - 'expires_at')::text AS line FROM audit.events
         WHERE subject = 'client:{client}' AND actor_id = {} ORDER BY id",
        admin.id
    ))
}

/// F8: A client is created, read, updated with `If-Match`, and revoked for good; each change is audited.
#[test]
fn a_client_is_created_updated_and_revoked() {
    let admin = AdminClient::fresh();
    let created = post(
        &admin,
        "/clients",
        &json!({"name": " Nightly ", "scopes": ["rates:write"]}),
    );
    assert_eq!(created.status, 201, "{created:?}");
    let (client, etag) = (created.json(), created.header("etag").to_owned());
    let path = created.header("location").to_owned();
    let id = client["id"].as_str().unwrap().to_owned();
    assert_eq!(path, format!("/clients/{id}"));
    assert_eq!(
        (&client["name"], &client["scopes"]),
        (&json!("Nightly"), &json!(["rates:write"]))
    );
    let read = admin.get(&path);
    assert_eq!((read.json(), read.header("etag")), (client, etag.as_str()));

    let body = json!({"name": "Hourly", "scopes": ["tokens:introspect", "rates:write"]});
    let without = send(with_json(admin.request("PUT", &path), &body.to_string()));
    without.problem(428);
    put(&admin, &path, "\"9\"", &body).problem(412);
    let updated = put(&admin, &path, &etag, &body);
    assert_eq!(updated.status, 200, "{updated:?}");
    assert_eq!(
        updated.json()["scopes"],
        json!(["rates:write", "tokens:introspect"])
    );
    put(&admin, &path, &etag, &body).problem(412);
    let mut sent_back = updated.json();
    sent_back["name"] = json!("Daily");
    let again = put(&admin, &path, updated.header("etag"), &sent_back);
    assert_eq!((again.status, &again.json()["name"]), (200, &json!("Daily")));
    sent_back["created_at"] = json!("2020-01-01T00:00:00Z");
    let changed = put(&admin, &path, again.header("etag"), &sent_back);
    assert_eq!(changed.fields(400), ["body:created_at"]);

    let old = admin.request("DELETE", &path).header("if-match", etag);
    send(old).problem(412);
    assert_eq!(delete(&admin, &path).status, 204);
    let revoked = admin.get(&path);
    assert!(revoked.json()["revoked_at"].is_string(), "{revoked:?}");
    for refused in [
        delete(&admin, &path),
        put(&admin, &path, "*", &body),
        post(&admin, &format!("{path}/secrets"), &json!({})),
    ] {
        assert_eq!(
            refused.problem(409)["type"],
            "urn:portcullis:problem:client-revoked"
        );
    }
    assert_eq!(
        events(&admin, &id),
        [
            "client.created {\"scopes\": \"rates:write\"}",
            "client.changed {\"to\": \"rates:write tokens:introspect\", \"from\": \"rates:write\"}",
            "client.changed {\"fields\": [\"name\"]}",
            "client.revoked {}",
        ]
    );
}

/// F8: Invalid names and scopes are rejected, and no scope of a person can be given.
#[test]
fn invalid_descriptions_are_rejected() {
    let admin = AdminClient::fresh();
    let name = json!("Nightly");
    for (body, fields) in [
        (json!({}), vec!["body:name", "body:scopes"]),
        (json!({"name": name, "scopes": []}), vec!["body:scopes"]),
        (json!({"name": name, "scopes": ["profile"]}), vec!["body:scopes"]),
        (
            json!({"name": name, "scopes": ["users:write"]}),
            vec!["body:scopes"],
        ),
        (
            json!({"name": name, "scopes": ["clients:manage"]}),
            vec!["body:scopes"],
        ),
        (
            json!({"name": name, "scopes": ["rates:write", "rates:write"]}),
            vec!["body:scopes"],
        ),
        (
            json!({"name": name, "scopes": "rates:write"}),
            vec!["body:scopes"],
        ),
        (json!({"name": name, "scopes": [1]}), vec!["body:scopes"]),
        (json!({"name": name, "scopes": null}), vec!["body:scopes"]),
        (json!({"name": "", "scopes": ["rates:write"]}), vec!["body:name"]),
        (
            json!({"name": "a\u{0}b", "scopes": ["rates:write"]}),
            vec!["body:name"],
        ),
        (
            json!({"name": "a\u{202e}b", "scopes": ["rates:write"]}),
            vec!["body:name"],
        ),
        (
            json!({"name": "x".repeat(101), "scopes": ["rates:write"]}),
            vec!["body:name"],
        ),
        (
            json!({"name": name, "scopes": ["rates:write"], "secret": "x"}),
            vec!["body:secret"],
        ),
    ] {
        assert_eq!(post(&admin, "/clients", &body).fields(400), fields, "{body}");
    }
    let client = MachineClient::create(&admin, "rates:write");
    let secrets = format!("{}/secrets", client.path());
    for days in [json!(0), json!(731), json!(-1), json!(1.5), json!("7")] {
        let body = json!({ "lifetime_days": days });
        assert_eq!(
            post(&admin, &secrets, &body).fields(400),
            ["body:lifetime_days"],
            "{body}"
        );
    }
    for path in ["/clients?after=7", "/clients?limit=0"] {
        admin.get(path).problem(400);
    }
}

/// F8: Clients are listed page by page, revoked ones included, each of them once.
#[test]
fn clients_are_listed_page_by_page() {
    let admin = AdminClient::fresh();
    let mut ids: Vec<String> = (0..5)
        .map(|_| MachineClient::create(&admin, ALL_SCOPES).id)
        .collect();
    assert_eq!(delete(&admin, &format!("/clients/{}", ids[2])).status, 204);
    ids.sort();
    let (mut listed, mut path) = (Vec::new(), "/clients?limit=2".to_owned());
    loop {
        let page = admin.get(&path);
        assert_eq!(page.status, 200, "{page:?}");
        let clients = page.json()["clients"].as_array().unwrap().clone();
        listed.extend(
            clients
                .iter()
                .map(|client| client["id"].as_str().unwrap().to_owned()),
        );
        let link = page.header("link");
        if link.is_empty() {
            break;
        }
        path = link.split(['<', '>']).nth(1).unwrap().to_owned();
    }
    assert_eq!(listed, ids);
}

/// F8: A client has at most two secrets, also after concurrent requests; an expired one is replaced.
#[test]
fn a_client_has_at_most_two_secrets() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, "rates:write");
    let path = format!("{}/secrets", client.path());
    let statuses = concurrently(8, |_| post(&admin, &path, &Value::Null).status);
    assert_eq!(
        statuses.iter().filter(|status| **status == 201).count(),
        1,
        "{statuses:?}"
    );
    let third = post(&admin, &path, &json!({"lifetime_days": 7}));
    assert_eq!(
        third.problem(409)["type"],
        "urn:portcullis:problem:too-many-credentials"
    );
    let list = || admin.get(&path).json()["secrets"].as_array().unwrap().clone();
    assert_eq!(list().len(), 2);
    assert!(
        list().iter().all(|secret| secret.get("secret").is_none()),
        "{:?}",
        list()
    );
    admin.execute(&format!(
        "UPDATE clients.credentials SET expires_at = now() WHERE id = '{}'",
        client.secret_id
    ));
    let replaced = post(&admin, &path, &json!({"lifetime_days": 7}));
    assert_eq!(replaced.status, 201, "{replaced:?}");
    assert!(list().iter().all(|secret| secret["id"] != client.secret_id));
    let lifetime = admin.database.lines(&format!(
        "SELECT (expires_at - created_at)::text AS line FROM clients.credentials WHERE id = '{}'",
        replaced.json()["id"].as_str().unwrap()
    ));
    assert_eq!(lifetime, ["7 days"]);
    let one = format!("{path}/{}", list()[0]["id"].as_str().unwrap());
    assert_eq!(delete(&admin, &one).status, 204);
    delete(&admin, &one).problem(404);
    delete(&admin, &format!("{path}/1")).problem(404);
    assert_eq!(list().len(), 1);
    let added = "client_secret.added {}";
    assert_eq!(
        events(&admin, &client.id)[1..],
        [added, added, added, "client_secret.removed {}"]
    );
}

/// F8: A client or a secret that does not exist is 404, also one of another client.
#[test]
fn unknown_clients_and_secrets_are_404() {
    let admin = AdminClient::fresh();
    let (client, other) = (
        MachineClient::create(&admin, "rates:write"),
        MachineClient::create(&admin, "rates:write"),
    );
    let body = json!({"name": "x", "scopes": ["rates:write"]});
    for id in [UNKNOWN, "1", "x", &client.id.to_uppercase()] {
        let path = format!("/clients/{id}");
        admin.get(&path).problem(404);
        admin.get(&format!("{path}/secrets")).problem(404);
        put(&admin, &path, "*", &body).problem(404);
        delete(&admin, &path).problem(404);
        post(&admin, &format!("{path}/secrets"), &json!({})).problem(404);
        delete(&admin, &format!("{path}/secrets/{UNKNOWN}")).problem(404);
    }
    delete(&admin, &format!("{}/secrets/{}", client.path(), other.secret_id)).problem(404);
    assert_eq!(other.request_token(&admin.app).status, 200);
}

/// F8: A change needs credentials that were verified recently, and a session that has not ended; reading does not.
#[test]
fn changes_need_a_recent_proof() {
    let admin = AdminClient::fresh();
    let client = MachineClient::create(&admin, "rates:write");
    let secrets = format!("{}/secrets", client.path());
    let old = "UPDATE sessions.sessions SET created_at = created_at - interval '1 day', proven_at = now() - interval '1 day'";
    admin.execute(old);
    let body = json!({"name": "x", "scopes": ["rates:write"]});
    for refused in [
        post(&admin, "/clients", &body),
        put(&admin, &client.path(), "*", &body),
        delete(&admin, &client.path()),
        post(&admin, &secrets, &json!({})),
        delete(&admin, &format!("{secrets}/{}", client.secret_id)),
    ] {
        assert_eq!(
            refused.problem(403)["type"],
            "urn:portcullis:problem:recent-proof-required"
        );
        assert!(
            refused
                .header("www-authenticate")
                .contains("insufficient_user_authentication")
        );
    }
    for path in ["/clients", &client.path(), &secrets] {
        assert_eq!(admin.get(path).status, 200, "{path}");
    }
    assert_eq!(events(&admin, &client.id).len(), 2);
    assert_eq!(client.request_token(&admin.app).status, 200);
}

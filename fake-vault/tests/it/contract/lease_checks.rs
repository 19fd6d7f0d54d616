//! The calls of the contract about logins and their leases.

use serde_json::{Value, json};

use crate::contract::answers::{between, lease, text};
use crate::contract::target::{Target, Want};

/// Issues logins, renews and revokes their leases.
pub fn leases(target: &mut Target<'_>, token: &str) {
    let path = target.path("db/creds/app-main");
    let answer = target.get(&path, token);
    let is_issued = |body: &Value| {
        body["lease_duration"] == 3600
            && body["renewable"] == true
            && body["lease_id"]
                .as_str()
                .is_some_and(|id| id.starts_with(&format!("{path}/")))
            && body["data"]["username"]
                .as_str()
                .is_some_and(|name| name.starts_with("v-"))
    };
    let body = target.expect("a login", &answer, 200, &Want::Body(&is_issued));
    let id = text(&body, "/lease_id");
    let (username, password) = (text(&body, "/data/username"), text(&body, "/data/password"));
    if let Err(error) = target.postgres.login(&username, &password) {
        target.failures.push(format!("the login does not work: {error}"));
    }
    let answer = lease(target, "lookup", token, &id, &json!({}));
    let is_new =
        |body: &Value| between(&body["data"]["ttl"], 3500, 3600) && body["data"]["last_renewal"].is_null();
    target.expect("its lease", &answer, 200, &Want::Body(&is_new));
    for (what, more, low, high) in [
        ("renewed for less", json!({"increment": 60}), 60, 60),
        ("renewed without a wish", json!({}), 3600, 3600),
        (
            "renewed above max TTL",
            json!({"increment": 1_000_000}),
            86_000,
            86_400,
        ),
    ] {
        let answer = lease(target, "renew", token, &id, &more);
        let is_so =
            |body: &Value| body["lease_id"] == id.as_str() && between(&body["lease_duration"], low, high);
        target.expect(what, &answer, 200, &Want::Body(&is_so));
    }
    let root = target.root.clone();
    let answer = target.get(&target.path("db/creds/unknown"), &root);
    target.expect(
        "an unknown role",
        &answer,
        400,
        &Want::Error("unknown role: unknown"),
    );
    let answer = target.get(&target.path("db/creds/other"), &root);
    target.expect(
        "a role that is not allowed",
        &answer,
        500,
        &Want::ErrorStart("1 error occurred:"),
    );
    let unknown = format!("{path}/unknown");
    let answer = lease(target, "renew", token, &unknown, &json!({}));
    target.expect(
        "renewal of an unknown lease",
        &answer,
        400,
        &Want::Error("lease not found"),
    );
    let answer = lease(target, "lookup", token, &unknown, &json!({}));
    target.expect(
        "look-up of an unknown lease",
        &answer,
        400,
        &Want::Error("invalid lease"),
    );
    for what in ["revocation", "a second revocation"] {
        let answer = lease(target, "revoke", token, &id, &json!({"sync": true}));
        target.expect(what, &answer, 204, &Want::Empty);
    }
    if target.postgres.login(&username, &password).is_ok() {
        target
            .failures
            .push("the login works after its revocation".to_owned());
    }
    let answer = lease(target, "renew", token, &id, &json!({}));
    target.expect("renewal after it", &answer, 400, &Want::Error("lease not found"));
    short_lease(target, token);
}

/// Renews a lease until its max TTL of 8 s.
fn short_lease(target: &mut Target<'_>, token: &str) {
    let answer = target.get(&target.path("db/creds/app-short"), token);
    let body = target.expect(
        "a short login",
        &answer,
        200,
        &Want::Body(&|body| body["lease_duration"] == 3),
    );
    let id = text(&body, "/lease_id");
    for (what, low, high) in [("after 2 s", 3, 3), ("after 4 s", 2, 3), ("after 6 s", 0, 2)] {
        target.wait(2.0);
        let answer = lease(target, "renew", token, &id, &json!({"increment": 3}));
        let is_cut = |body: &Value| between(&body["lease_duration"], low, high);
        target.expect(&format!("renewed {what}"), &answer, 200, &Want::Body(&is_cut));
    }
    target.wait(3.5);
    let answer = lease(target, "renew", token, &id, &json!({}));
    target.expect(
        "renewal past max TTL",
        &answer,
        400,
        &Want::Error("lease not found"),
    );
}

/// Revokes a lease whose statement fails.
pub fn failed_revocation(target: &mut Target<'_>, token: &str) {
    let answer = target.get(&target.path("db/creds/app-stuck"), token);
    let body = target.expect(
        "a login",
        &answer,
        200,
        &Want::Body(&|body| body["lease_duration"] == 60),
    );
    let id = text(&body, "/lease_id");
    let answer = lease(target, "revoke", token, &id, &json!({"sync": true}));
    target.expect(
        "a revocation that fails",
        &answer,
        400,
        &Want::ErrorStart("failed to revoke entry: "),
    );
    let answer = lease(target, "lookup", token, &id, &json!({}));
    target.expect(
        "the lease lives on",
        &answer,
        200,
        &Want::Body(&|body| between(&body["data"]["ttl"], 1, 60)),
    );
    let answer = lease(target, "revoke", token, &id, &json!({"sync": false}));
    target.expect("a queued revocation", &answer, 202, &Want::NoError);
    target.wait(0.5);
    let answer = lease(target, "lookup", token, &id, &json!({}));
    target.expect(
        "it is overdue",
        &answer,
        200,
        &Want::Body(&|body| between(&body["data"]["ttl"], -60, 0)),
    );
    let answer = lease(target, "renew", token, &id, &json!({}));
    target.expect("renewal of it", &answer, 400, &Want::Error("lease expired"));
    let force = format!("sys/leases/revoke-force/{}", target.path("db/creds/app-stuck"));
    let answer = target.post(&force, &target.root, &json!({}));
    target.expect("revoke-force", &answer, 204, &Want::Empty);
}

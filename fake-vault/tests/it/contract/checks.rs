//! The calls of the contract, by subject.

use std::time::Instant;

use serde_json::{Value, json};

use crate::contract::answers::{between, lease, text};
use crate::contract::target::{Target, Want};

const DENIED: &str = "permission denied";
const OUTSIDE_POLICY: &str = "1 error occurred:\n\t* permission denied\n\n";
const SPENT: &str = "wrapping token is not valid or does not exist";

fn secret_id(target: &mut Target<'_>) -> String {
    let path = target.path("auth/approle/role/service/secret-id");
    let answer = target.post(&path, &target.root, &json!({}));
    let body = target.expect(
        "a SecretID",
        &answer,
        200,
        &Want::Body(&|body| body["data"]["secret_id"].is_string()),
    );
    text(&body, "/data/secret_id")
}

/// Logs in by AppRole; returns the token.
pub fn login(target: &mut Target<'_>) -> String {
    let path = target.path("auth/approle/login");
    let secret = secret_id(target);
    let ids = json!({"role_id": "service", "secret_id": secret});
    let answer = target.post(&path, "", &ids);
    let is_periodic = |body: &Value| {
        let auth = &body["auth"];
        body["data"].is_null()
            && auth["lease_duration"] == 3600
            && auth["renewable"] == true
            && auth["token_type"] == "service"
            && auth["orphan"] == true
            && auth["policies"]
                .as_array()
                .is_some_and(|policies| policies.len() == 1)
    };
    let body = target.expect("a login", &answer, 200, &Want::Body(&is_periodic));
    let invalid = Want::ErrorStart("invalid role or secret ID");
    let again = target.post(&path, "", &ids);
    target.expect("a SecretID of one use, again", &again, 400, &invalid);
    let unknown = target.post(&path, "", &json!({"role_id": "unknown", "secret_id": "x"}));
    target.expect("an unknown RoleID", &unknown, 400, &invalid);
    let missing = target.post(&path, "", &json!({"role_id": "service"}));
    target.expect(
        "no SecretID",
        &missing,
        400,
        &Want::ErrorStart("missing secret_id"),
    );
    let nowhere = target.post(&target.path("auth/nowhere/login"), "", &json!({}));
    target.expect("a mount that is not there", &nowhere, 403, &Want::Error(DENIED));
    text(&body, "/auth/client_token")
}

/// Wraps a SecretID and opens it once.
pub fn wrapping(target: &mut Target<'_>) {
    let path = target.path("auth/approle/role/service/secret-id");
    let root = target.root.clone();
    let answer = target.call("POST", &path, &root, "60s", &json!({}));
    let is_wrapped = |body: &Value| body["data"].is_null() && body["wrap_info"]["ttl"] == 60;
    let body = target.expect("a wrapped SecretID", &answer, 200, &Want::Body(&is_wrapped));
    let token = text(&body, "/wrap_info/token");
    let answer = target.post("sys/wrapping/lookup", "", &json!({ "token": token }));
    let has_path = |body: &Value| body["data"]["creation_path"] == path.as_str();
    target.expect(
        "look-up of it without a token",
        &answer,
        200,
        &Want::Body(&has_path),
    );
    let unwrap = |target: &Target<'_>, token: &str| target.post("sys/wrapping/unwrap", token, &Value::Null);
    let answer = unwrap(target, &token);
    target.expect(
        "unwrap",
        &answer,
        200,
        &Want::Body(&|body| body["data"]["secret_id"].is_string()),
    );
    let answer = unwrap(target, &token);
    target.expect("unwrap again", &answer, 400, &Want::Error(SPENT));
    let answer = target.call("POST", "sys/wrapping/wrap", &root, "60", &json!({"a": 1}));
    let body = target.expect("wrap", &answer, 200, &Want::Body(&is_wrapped));
    let token = text(&body, "/wrap_info/token");
    let answer = target.get("auth/token/lookup-self", &token);
    target.expect("a wrapping token elsewhere", &answer, 403, &Want::ErrorStart(""));
    let answer = unwrap(target, &token);
    target.expect("is spent by that", &answer, 400, &Want::Error(SPENT));
}

/// Looks up and renews the token, and uses wrong ones.
pub fn token(target: &mut Target<'_>, token: &str) {
    let answer = target.get("auth/token/lookup-self", token);
    let is_own = |body: &Value| {
        let data = &body["data"];
        between(&data["ttl"], 3500, 3600) && data["period"] == 3600 && data["id"] == token
    };
    target.expect("lookup-self", &answer, 200, &Want::Body(&is_own));
    let answer = target.post("auth/token/renew-self", token, &json!({"increment": 5}));
    let is_whole =
        |body: &Value| body["auth"]["lease_duration"] == 3600 && body["auth"]["client_token"] == token;
    target.expect(
        "renew-self of a periodic token",
        &answer,
        200,
        &Want::Body(&is_whole),
    );
    let answer = target.get("auth/token/lookup-self", "s.unknown");
    target.expect("an unknown token", &answer, 403, &Want::ErrorStart(""));
    let creds = target.path("db/creds/app-main");
    let answer = target.get(&creds, "");
    target.expect("no token", &answer, 403, &Want::Error(DENIED));
    let answer = target.get(&target.path("db/creds/app-other"), token);
    target.expect("outside the policy", &answer, 403, &Want::Error(OUTSIDE_POLICY));
}

/// Writes, reads and deletes a secret.
pub fn kv(target: &mut Target<'_>, token: &str) {
    let (data, metadata) = (target.path("kv/data/keys"), target.path("kv/metadata/keys"));
    let root = target.root.clone();
    let answer = target.get(&data, token);
    target.expect("nothing there", &answer, 404, &Want::NoError);
    let write = |options: Value| json!({"options": options, "data": {"k": 1}});
    let answer = target.post(&data, &root, &write(json!({"cas": 0})));
    target.expect(
        "a first version",
        &answer,
        200,
        &Want::Body(&|body| body["data"]["version"] == 1),
    );
    let answer = target.post(&data, &root, &write(json!({"cas": 0})));
    target.expect(
        "cas does not match",
        &answer,
        400,
        &Want::ErrorStart("check-and-set parameter did not match"),
    );
    let answer = target.post(&data, &root, &write(json!({})));
    target.expect(
        "cas is missing",
        &answer,
        400,
        &Want::ErrorStart("check-and-set parameter required"),
    );
    let answer = target.get(&data, token);
    let is_read = |body: &Value| body["data"]["data"]["k"] == 1 && body["data"]["metadata"]["version"] == 1;
    target.expect("read", &answer, 200, &Want::Body(&is_read));
    let answer = target.call("DELETE", &data, &root, "", &Value::Null);
    target.expect("delete", &answer, 204, &Want::Empty);
    let answer = target.get(&data, token);
    let is_deleted =
        |body: &Value| body["data"]["data"].is_null() && body["data"]["metadata"]["deletion_time"] != "";
    target.expect(
        "a deleted version is a 404 with a body",
        &answer,
        404,
        &Want::Body(&is_deleted),
    );
    let answer = target.get(&metadata, token);
    let is_current = |body: &Value| body["data"]["current_version"] == 1;
    target.expect(
        "metadata does not count a deletion",
        &answer,
        200,
        &Want::Body(&is_current),
    );
}

/// Ends the token; its leases end with it.
pub fn end_of_token(target: &mut Target<'_>, token: &str) {
    let answer = target.get(&target.path("db/creds/app-main"), token);
    let body = target.expect(
        "a login",
        &answer,
        200,
        &Want::Body(&|body| body["renewable"] == true),
    );
    let id = text(&body, "/lease_id");
    let answer = target.post("auth/token/revoke-self", token, &Value::Null);
    target.expect("revoke-self", &answer, 204, &Want::Empty);
    let answer = target.get("auth/token/lookup-self", token);
    target.expect("the dead token", &answer, 403, &Want::ErrorStart(DENIED));
    let root = target.root.clone();
    let begun = Instant::now();
    // It ends behind the answer.
    loop {
        target.wait(0.2);
        let answer = lease(target, "lookup", &root, &id, &json!({}));
        if answer.status == 400 {
            return;
        }
        if begun.elapsed().as_secs() > 10 {
            target
                .failures
                .push(format!("the lease of a dead token lives: {}", answer.body));
            return;
        }
    }
}

//! What administrators and operators do for a user who lost a device or a second factor, and the recent proof that
//! sensitive operations need.

use crate::support::accounts::{PASSWORD, call_as, create_account, get_as, log_in, try_log_in};
use crate::support::admin_client::AdminClient;
use crate::support::app::send;
use crate::support::authenticator::{code, enable_totp};
use crate::support::program::{run, stderr, stdout};
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const ANN: &str = "ann@example.org";

fn delete(admin: &AdminClient, path: &str, id: i64) -> Response {
    send(admin.request("DELETE", &format!("{path}?id={id}")))
}

fn age_proof(admin: &AdminClient) {
    admin
        .execute("UPDATE sessions.sessions SET created_at = now() - interval '15 minutes', proven_at = NULL");
}

/// E13, E19: An administrator ends all sessions of a user, who is notified.
#[test]
fn an_administrator_ends_the_sessions_of_a_user() {
    let admin = AdminClient::fresh();
    let id = create_account(&admin.database, ANN, Role::User);
    log_in(&admin.app, ANN);
    // An expired session is not counted.
    admin.execute(&format!(
        "UPDATE sessions.sessions SET expires_at = now() - interval '1 second' WHERE account_id = {id}"
    ));
    let tokens = [log_in(&admin.app, ANN).access, log_in(&admin.app, ANN).access];
    assert_eq!(delete(&admin, "/user/sessions", id).status, 204);
    for token in &tokens {
        assert_eq!(get_as(&admin.app, token, "/auth/me").status, 401);
    }
    assert_eq!(try_log_in(&admin.app, ANN, PASSWORD).status, 200);
    assert_eq!(admin.mails(), ["sessions_ended ann@example.org"]);
    let event = "session.ended {\"why\": \"administrator\", \"count\": 2}";
    assert_eq!(admin.events(id), [event]);
    delete(&admin, "/user/sessions", 999).problem(404);
}

/// E18, E19: An administrator removes a lost second factor: the sessions end, the owner is notified, and the password alone
/// signs in.
#[test]
fn an_administrator_removes_a_lost_second_factor() {
    let admin = AdminClient::fresh();
    let id = create_account(&admin.database, ANN, Role::User);
    let none = delete(&admin, "/user/second-factor", id).problem(409);
    assert_eq!(none["type"], "urn:portcullis:problem:second-factor-not-enabled");
    let token = log_in(&admin.app, ANN).access;
    enable_totp(&admin.app, &token);
    try_log_in(&admin.app, ANN, PASSWORD).problem(401);
    assert_eq!(delete(&admin, "/user/second-factor", id).status, 204);
    assert_eq!(get_as(&admin.app, &token, "/auth/me").status, 401);
    assert_eq!(try_log_in(&admin.app, ANN, PASSWORD).status, 200);
    assert_eq!(admin.mails()[1..], ["second_factor_removed ann@example.org"]);
    assert_eq!(admin.events(id), ["totp.disabled {\"by\": \"administrator\"}"]);
    let codes = "SELECT count(*)::text AS line FROM accounts.recovery_codes";
    assert_eq!(admin.database.lines(codes), ["0"]);
}

/// E13, E18: An operator does the same at the command line.
#[test]
fn an_operator_ends_sessions_and_removes_a_second_factor() {
    let admin = AdminClient::fresh();
    create_account(&admin.database, ANN, Role::User);
    enable_totp(&admin.app, &log_in(&admin.app, ANN).access);
    let accounts = |command: &str, email: &str| run(&["accounts", command, email], &admin.database.pairs());
    assert_eq!(
        stdout(&accounts("end-sessions", "ANN@example.org")),
        "sessions ended: 1\n"
    );
    let removed = accounts("remove-second-factor", ANN);
    assert_eq!(
        stdout(&removed),
        "removed the second factor and ended all sessions\n"
    );
    assert_eq!(try_log_in(&admin.app, ANN, PASSWORD).status, 200);
    let again = accounts("remove-second-factor", ANN);
    assert!(again.status.code() == Some(1) && stderr(&again).contains("has no second factor"));
    assert!(stderr(&accounts("end-sessions", "nobody@example.org")).contains("there is no account"));
    let mails = [
        "sessions_ended ann@example.org",
        "second_factor_removed ann@example.org",
    ];
    assert_eq!(admin.mails()[1..], mails);
    let actors =
        "SELECT concat_ws(' ', action, detail ->> 'why', detail ->> 'by', actor_id) AS line FROM audit.events
                  WHERE detail::text LIKE '%operator%' ORDER BY id";
    assert_eq!(
        admin.database.lines(actors),
        ["session.ended operator", "totp.disabled operator"]
    );
}

/// E19: Sensitive operations need credentials that were verified recently; other operations do not.
#[test]
fn sensitive_operations_need_a_recent_proof() {
    let admin = AdminClient::fresh();
    let id = create_account(&admin.database, ANN, Role::User);
    age_proof(&admin);
    let proof_required = |response: &Response| {
        assert_eq!(
            response.problem(403)["type"],
            "urn:portcullis:problem:recent-proof-required"
        );
        let challenge = response.header("www-authenticate");
        assert!(
            challenge.contains("error=\"insufficient_user_authentication\""),
            "{challenge}"
        );
    };
    let promote = json!({ "email": ANN, "role": "admin" });
    proof_required(&admin.update(id, &admin.etag(id), &promote));
    proof_required(&admin.create(&json!({ "email": "bob@example.org", "role": "admin" })));
    proof_required(&admin.delete(id));
    proof_required(&admin.restore(id));
    for path in ["/user/sessions", "/user/second-factor"] {
        proof_required(&delete(&admin, path, id));
    }
    assert_eq!(admin.get("/users").status, 200);
    assert_eq!(admin.create(&json!({ "email": "eve@example.org" })).status, 201);
    let rename = json!({ "email": ANN, "name": "Ann", "role": "user" });
    assert_eq!(admin.update(id, &admin.etag(id), &rename).status, 200);
    let prove = |body: &Value| call_as(&admin.app, &admin.token, "POST", "/auth/reauthenticate", body);
    let wrong = prove(&json!({ "password": "wrong" })).problem(403);
    assert_eq!(wrong["type"], "urn:portcullis:problem:wrong-password");
    proof_required(&admin.delete(id));
    assert_eq!(prove(&json!({ "password": PASSWORD })).status, 204);
    assert_eq!(admin.update(id, &admin.etag(id), &promote).status, 200);
    assert!(admin.mails().contains(&"role_changed ann@example.org".to_owned()));
    assert_eq!(admin.delete(id).status, 200);
    assert_eq!(admin.restore(id).status, 200);
    let kinds = admin.mails().join(" ");
    assert!(
        kinds.contains("account_deleted") && kinds.contains("account_restored"),
        "{kinds}"
    );
}

/// D9, E19: The address of an invitation that carries a role cannot be changed without a recent proof: its reader would get the
/// role. That of a user's invitation can.
#[test]
fn moving_an_invitation_with_a_role_needs_a_recent_proof() {
    let admin = AdminClient::fresh();
    let invite = |email: &str, role: &str| {
        let created = admin.create(&json!({ "email": email, "role": role }));
        created.json()["id"].as_i64().unwrap()
    };
    let ids = ["admin", "approver", "ingest", "introspector"]
        .map(|role| invite(&format!("{role}@new.example"), role));
    let user = invite("user@new.example", "user");
    age_proof(&admin);
    let mails = admin.mails().len();
    for id in ids {
        let stolen = json!({ "email": format!("eve{id}@evil.example") });
        let refused = admin.update(id, "*", &stolen).problem(403);
        assert_eq!(refused["type"], "urn:portcullis:problem:recent-proof-required");
        let same = json!({ "email": admin.get_user(id).json()["email"], "name": "Ann" });
        assert_eq!(admin.update(id, "*", &same).status, 200);
    }
    assert_eq!(admin.mails().len(), mails);
    let moved = json!({ "email": "corrected@new.example" });
    assert_eq!(admin.update(user, "*", &moved).status, 200);
    let prove = json!({ "password": PASSWORD });
    let proven = call_as(&admin.app, &admin.token, "POST", "/auth/reauthenticate", &prove);
    assert_eq!(proven.status, 204);
    assert_eq!(
        admin.update(ids[0], "*", &moved).problem(409)["type"],
        "urn:portcullis:problem:address-taken"
    );
    let moved = json!({ "email": "other@new.example" });
    assert_eq!(admin.update(ids[0], "*", &moved).status, 200);
}

/// E18, E19: Administrators cannot remove their own second factor by their role: like every user they need password and code.
#[test]
fn an_administrators_own_second_factor_needs_password_and_code() {
    let admin = AdminClient::fresh();
    let (_, recovery) = enable_totp(&admin.app, &admin.token);
    let refused = delete(&admin, "/user/second-factor", admin.id).problem(409);
    assert_eq!(refused["type"], "urn:portcullis:problem:own-second-factor");
    try_log_in(&admin.app, "admin@example.org", PASSWORD).problem(401);
    let body = json!({ "password": PASSWORD, "code": recovery[0] });
    let removed = call_as(&admin.app, &admin.token, "POST", "/auth/totp/disable", &body);
    assert_eq!(removed.status, 204);
}

/// E18, E19: With a second factor, the proof needs a code, and each code once.
#[test]
fn a_proof_needs_a_code_where_a_second_factor_is_set_up() {
    let admin = AdminClient::fresh();
    let (secret, _) = enable_totp(&admin.app, &admin.token);
    let prove = |body: &Value| call_as(&admin.app, &admin.token, "POST", "/auth/reauthenticate", body);
    let missing = prove(&json!({ "password": PASSWORD })).problem(403);
    assert_eq!(missing["type"], "urn:portcullis:problem:second-factor-required");
    admin.execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    let body = json!({ "password": PASSWORD, "code": code(&secret, 0) });
    assert_eq!(prove(&body).status, 204);
    assert_eq!(
        prove(&body).problem(403)["type"],
        "urn:portcullis:problem:code-used"
    );
}

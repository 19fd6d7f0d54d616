//! Account changes that require a second factor.

use crate::support::accounts::{PASSWORD, call_as, post, try_log_in};
use crate::support::authenticator::code;
use crate::support::mailed_links::token;
use crate::support::totp_user::{ANN, TotpUser};
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

const NEW: &str = "a new set of words";

/// E9, E18: With a second factor, changing the address or the password requires a code. Changing the name does not.
#[test]
fn changing_address_or_password_requires_a_code() {
    let user = TotpUser::new();
    let put = |body: Value| call_as(&user.app, &user.token, "PUT", "/auth/me", &body);
    let (secret, recovery) = user.enable();
    user.advance_time();
    let good = code(&secret, 0);
    let changes = [
        json!({ "new_password": NEW }),
        json!({ "email": "ann@new.example" }),
    ];
    let with = |change: &Value, code: Option<&str>| {
        let mut body = change.clone();
        body["current_password"] = PASSWORD.into();
        if let Some(code) = code {
            body["code"] = code.into();
        }
        body
    };
    for change in &changes {
        let without = put(with(change, None)).problem(403);
        assert_eq!(without["type"], "urn:portcullis:problem:second-factor-required");
        let wrong = put(with(change, Some("000000"))).problem(403);
        assert_eq!(wrong["type"], "urn:portcullis:problem:wrong-password");
        user.database.execute("DELETE FROM sessions.throttles");
    }
    let weak = json!({ "new_password": "password" });
    assert_eq!(put(with(&weak, Some(&good))).fields(400), ["body:new_password"]);
    assert_eq!(
        user.database
            .lines("SELECT kind AS line FROM mail.outbox WHERE kind <> 'second_factor_enabled'"),
        [""; 0]
    );
    let changed = put(with(&changes[1], Some(&good)));
    assert_eq!(
        (changed.status, &changed.json()["pending_email"]),
        (200, &json!("ann@new.example"))
    );
    let used = put(with(&changes[0], Some(&good))).problem(403);
    assert_eq!(used["type"], "urn:portcullis:problem:code-used");
    assert_eq!(put(with(&changes[0], Some(&recovery[0]))).status, 200);
    let again = json!({ "new_password": PASSWORD, "current_password": NEW, "code": recovery[0] });
    put(again).problem(403);
    assert_eq!(put(json!({ "name": "Ann" })).status, 200);
    assert_eq!(user.state(), (true, 9));
}

/// E9, E18: A change that fails does not use its code.
#[test]
fn a_failed_change_does_not_use_its_code() {
    let user = TotpUser::new();
    let (_, recovery) = user.enable();
    let body = json!({ "email": "ann@new.example", "current_password": PASSWORD, "code": recovery[0] });
    let put = || call_as(&user.app, &user.token, "PUT", "/auth/me", &body);
    user.database.execute("ALTER TABLE mail.outbox RENAME TO missing");
    put().problem(500);
    assert_eq!(user.state(), (true, 10));
    user.database.execute("ALTER TABLE mail.missing RENAME TO outbox");
    assert_eq!(put().status, 200);
    assert_eq!(user.state(), (true, 9));
}

/// E7, E18: Wrong codes are throttled, even if requests with the right password come between them.
#[test]
fn wrong_codes_are_throttled_across_operations() {
    let user = TotpUser::new();
    user.enable();
    let body = json!({ "new_password": NEW, "current_password": PASSWORD, "code": "000000" });
    let guess = || call_as(&user.app, &user.token, "PUT", "/auth/me", &body).status;
    let start = || user.post("start", &json!({ "password": PASSWORD })).status;
    let statuses: Vec<u16> = (0..4).flat_map(|_| [guess(), guess(), start()]).collect();
    assert_eq!(statuses[..3], [403, 403, 409]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

/// E9, E18: Enabling the second factor revokes links that were requested without a code.
#[test]
fn enabling_the_second_factor_revokes_links() {
    let user = TotpUser::new();
    let change = json!({ "email": "ann@new.example", "current_password": PASSWORD });
    assert_eq!(
        call_as(&user.app, &user.token, "PUT", "/auth/me", &change).status,
        200
    );
    let link = json!({ "token": token(&user.database, "change_email", "ann@new.example") });
    user.enable();
    post(&user.app, "/auth/change-email", &link).problem(404);
}

/// E9, E18: A password change that is in progress while the second factor is enabled requires a code.
#[test]
fn a_concurrently_enabled_second_factor_is_required() {
    let user = TotpUser::new();
    let mut holder = user.database.admin();
    let change = json!({ "new_password": NEW, "current_password": PASSWORD });
    holder
        .batch_execute("BEGIN; SELECT 1 FROM accounts.accounts FOR UPDATE")
        .unwrap();
    std::thread::scope(|scope| {
        let put = scope.spawn(|| call_as(&user.app, &user.token, "PUT", "/auth/me", &change));
        wait_until("the change waits", || {
            let waiting = "SELECT count(*)::text AS line FROM pg_locks WHERE NOT granted";
            user.database.lines(waiting) == ["1"]
        });
        holder
            .batch_execute(
                "UPDATE accounts.credentials SET totp_secret = '\\x00', totp_confirmed_at = now(); COMMIT",
            )
            .unwrap();
        assert_eq!(
            put.join().unwrap().problem(403)["type"],
            "urn:portcullis:problem:wrong-password"
        );
    });
    assert_eq!(
        try_log_in(&user.app, ANN, NEW).problem(401)["type"],
        "urn:portcullis:problem:invalid-credentials"
    );
}

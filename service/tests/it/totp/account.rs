//! Changing one's own account with a second factor: what gives power over it takes a code.
use super::setup::Setting;
use crate::support::accounts::{PASSWORD, call_as, post, try_log_in};
use crate::support::authenticator::code;
use crate::support::mailed_links::token;
use crate::support::outbox::wait_until;
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

const ANN: &str = "ann@example.org";
const NEW: &str = "a new set of words";

/// E9, E18: nor takes the account over by another address or password; one's name is one's own.
#[test]
fn address_and_password_take_a_code_too() {
    let setting = Setting::new();
    let put = |body: Value| call_as(&setting.app, &setting.token, "PUT", "/auth/me", &body);
    let (secret, recovery) = setting.enable();
    setting.minutes_later();
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
        setting.database.execute("DELETE FROM sessions.throttles");
    }
    let weak = json!({ "new_password": "password" });
    assert_eq!(put(with(&weak, Some(&good))).fields(400), ["body:new_password"]);
    assert_eq!(
        setting.database.lines("SELECT kind AS line FROM mail.outbox"),
        [""; 0]
    );
    let changed = put(with(&changes[1], Some(&good)));
    assert_eq!(
        (changed.status, &changed.json()["pending_email"]),
        (200, &json!("ann@new.example"))
    );
    put(with(&changes[0], Some(&good))).problem(403);
    assert_eq!(put(with(&changes[0], Some(&recovery[0]))).status, 200);
    let again = json!({ "new_password": PASSWORD, "current_password": NEW, "code": recovery[0] });
    put(again).problem(403);
    assert_eq!(put(json!({ "name": "Ann" })).status, 200);
    assert_eq!(setting.state(), (true, 9));
}

/// E9, E18: a code is used up by what it was for, and by nothing less.
#[test]
fn a_change_that_fails_leaves_the_code() {
    let setting = Setting::new();
    let (_, recovery) = setting.enable();
    let body = json!({ "email": "ann@new.example", "current_password": PASSWORD, "code": recovery[0] });
    let put = || call_as(&setting.app, &setting.token, "PUT", "/auth/me", &body);
    setting
        .database
        .execute("ALTER TABLE mail.outbox RENAME TO elsewhere");
    put().problem(500);
    assert_eq!(setting.state(), (true, 10));
    setting
        .database
        .execute("ALTER TABLE mail.elsewhere RENAME TO outbox");
    assert_eq!(put().status, 200);
    assert_eq!(setting.state(), (true, 9));
}

/// E7, E18: who knows the password guesses codes no faster for it.
#[test]
fn wrong_codes_are_counted_whatever_is_asked_for_in_between() {
    let setting = Setting::new();
    setting.enable();
    let body = json!({ "new_password": NEW, "current_password": PASSWORD, "code": "000000" });
    let guess = || call_as(&setting.app, &setting.token, "PUT", "/auth/me", &body).status;
    let start = || setting.post("start", &json!({ "password": PASSWORD })).status;
    let statuses: Vec<u16> = (0..4).flat_map(|_| [guess(), guess(), start()]).collect();
    assert_eq!(statuses[..3], [403, 403, 409]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

/// E9, E18: with the second factor, what was asked for without a code is void.
#[test]
fn a_link_from_before_the_second_factor_is_void() {
    let setting = Setting::new();
    let change = json!({ "email": "ann@new.example", "current_password": PASSWORD });
    assert_eq!(
        call_as(&setting.app, &setting.token, "PUT", "/auth/me", &change).status,
        200
    );
    let link = json!({ "token": token(&setting.database, "change_email", "ann@new.example") });
    setting.enable();
    post(&setting.app, "/auth/change-email", &link).problem(404);
}

/// E9, E18: a password that waits to be hashed while the second factor is set up does not do without it.
#[test]
fn a_second_factor_that_is_set_up_meanwhile_counts() {
    let setting = Setting::new();
    let mut holder = setting.database.admin();
    let change = json!({ "new_password": NEW, "current_password": PASSWORD });
    holder
        .batch_execute("BEGIN; SELECT 1 FROM accounts.accounts FOR UPDATE")
        .unwrap();
    std::thread::scope(|scope| {
        let put = scope.spawn(|| call_as(&setting.app, &setting.token, "PUT", "/auth/me", &change));
        wait_until("the change waits", || {
            let waiting = "SELECT count(*)::text AS line FROM pg_locks WHERE NOT granted";
            setting.database.lines(waiting) == ["1"]
        });
        holder
            .batch_execute(
                "UPDATE accounts.credentials SET totp_secret = '\\x00', totp_confirmed_at = now(); COMMIT",
            )
            .unwrap();
        put.join().unwrap().problem(403);
    });
    assert_eq!(try_log_in(&setting.app, ANN, NEW).status, 401);
}

//! One's own second factor: set up, confirmed, taken away; new recovery codes.
use crate::support::accounts::{PASSWORD, call_as, create_account, log_in, try_log_in, try_log_in_with_code};
use crate::support::app::App;
use crate::support::authenticator::code;
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const ANN: &str = "ann@example.org";

/// Ann, signed in.
pub struct Setting {
    pub database: Database,
    pub app: App,
    pub token: String,
}

impl Setting {
    pub fn new() -> Self {
        let database = Database::fresh();
        let app = App::over(&database);
        create_account(&database, ANN, Role::User);
        let token = log_in(&app, ANN).access;
        Self { database, app, token }
    }

    pub fn post(&self, what: &str, body: &Value) -> Response {
        call_as(
            &self.app,
            &self.token,
            "POST",
            &format!("/auth/totp/{what}"),
            body,
        )
    }

    pub fn state(&self) -> (bool, i64) {
        let state = call_as(&self.app, &self.token, "GET", "/auth/totp", &Value::Null).json();
        (
            state["enabled"].as_bool().unwrap(),
            state["recovery_codes_left"].as_i64().unwrap(),
        )
    }

    fn start(&self) -> String {
        let started = self.post("start", &json!({ "password": PASSWORD }));
        assert_eq!(started.status, 200, "{started:?}");
        started.json()["secret"].as_str().unwrap().to_owned()
    }

    /// A confirmed app; its secret and the recovery codes.
    pub fn enable(&self) -> (String, Vec<String>) {
        let secret = self.start();
        let confirmed = self.post("confirm", &json!({ "code": code(&secret, 0) }));
        (secret, codes(&confirmed))
    }

    pub fn minutes_later(&self) {
        self.database
            .execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    }

    fn events(&self) -> Vec<String> {
        self.database
            .lines("SELECT action AS line FROM audit.events WHERE action LIKE 'totp.%' ORDER BY id")
    }
}

fn codes(response: &Response) -> Vec<String> {
    assert_eq!(response.status, 200, "{response:?}");
    let codes = response.json()["recovery_codes"].as_array().unwrap().clone();
    codes
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

/// E18: what an app needs, once; nothing is asked for at log-in before the first code is confirmed.
#[test]
fn a_second_factor_counts_from_its_first_code_on() {
    let setting = Setting::new();
    assert_eq!(setting.state(), (false, 0));
    let started = setting.post("start", &json!({ "password": PASSWORD })).json();
    let secret = started["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32);
    assert_eq!(
        started["uri"],
        format!(
            "otpauth://totp/Portcullis:ann%40example%2Eorg?secret={secret}&issuer=Portcullis&algorithm=SHA1&digits=6&period=30"
        )
    );
    assert_eq!(setting.state(), (false, 0));
    assert_eq!(try_log_in(&setting.app, ANN, PASSWORD).status, 200);
    let wrong = setting.post("confirm", &json!({ "code": code(secret, 5) }));
    assert_eq!(wrong.problem(403)["type"], "urn:portcullis:problem:wrong-code");
    assert_eq!(setting.state(), (false, 0));
    let confirmed = setting.post("confirm", &json!({ "code": code(secret, 0) }));
    let mut given = codes(&confirmed);
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), 10);
    assert_eq!(setting.state(), (true, 10));
    try_log_in(&setting.app, ANN, PASSWORD).problem(401);
    assert_eq!(setting.events(), ["totp.enabled"]);
}

/// E18: to start again gives another secret, and the first one is worth nothing.
#[test]
fn starting_again_replaces_what_was_not_confirmed() {
    let setting = Setting::new();
    let (first, second) = (setting.start(), setting.start());
    assert_ne!(first, second);
    setting
        .post("confirm", &json!({ "code": code(&first, 0) }))
        .problem(403);
    assert_eq!(
        setting
            .post("confirm", &json!({ "code": code(&second, 0) }))
            .status,
        200
    );
}

/// E18: whoever finds an unlocked screen changes nothing.
#[test]
fn each_change_takes_the_password_and_a_code() {
    let setting = Setting::new();
    let refused = setting
        .post("start", &json!({ "password": "wrong" }))
        .problem(403);
    assert_eq!(refused["type"], "urn:portcullis:problem:wrong-password");
    let (secret, recovery) = setting.enable();
    setting.minutes_later();
    let good = code(&secret, 0);
    for what in ["disable", "recovery-codes"] {
        for (password, code) in [
            ("wrong", good.as_str()),
            (PASSWORD, "000000"),
            ("wrong", "000000"),
        ] {
            let body = json!({ "password": password, "code": code });
            let refused = setting.post(what, &body).problem(403);
            assert_eq!(refused["type"], "urn:portcullis:problem:wrong-password");
            setting.database.execute("DELETE FROM sessions.throttles");
        }
        assert_eq!(
            setting.post(what, &json!({})).fields(400),
            ["body:password", "body:code"]
        );
    }
    assert_eq!(setting.state(), (true, 10));
    let body = json!({ "password": PASSWORD, "code": recovery[0] });
    assert_eq!(setting.post("disable", &body).status, 204);
    assert_eq!(setting.state(), (false, 0));
    assert_eq!(try_log_in(&setting.app, ANN, PASSWORD).status, 200);
    setting.post("disable", &body).problem(409);
    assert_eq!(setting.events(), ["totp.enabled", "totp.disabled"]);
}

/// E18, E7: nor does anybody guess the password of an unlocked screen.
#[test]
fn wrong_passwords_are_counted_here_too() {
    let setting = Setting::new();
    for _ in 0..6 {
        setting
            .post("start", &json!({ "password": "wrong" }))
            .problem(403);
    }
    setting
        .database
        .execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    setting
        .post("start", &json!({ "password": PASSWORD }))
        .problem(429);
}

/// E18, E7: nor does anybody who has taken a token guess the first code of an app that waits for it.
#[test]
fn wrong_first_codes_are_counted_too() {
    let setting = Setting::new();
    let secret = setting.start();
    for _ in 0..6 {
        setting.post("confirm", &json!({ "code": "x" })).problem(403);
    }
    setting
        .database
        .execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    setting
        .post("confirm", &json!({ "code": code(&secret, 0) }))
        .problem(429);
    setting
        .database
        .execute("UPDATE sessions.throttles SET blocked_until = now()");
    assert_eq!(
        setting
            .post("confirm", &json!({ "code": code(&secret, 0) }))
            .status,
        200
    );
}

/// E18: new codes make the old ones worthless, and a code that was taken for one thing is taken.
#[test]
fn new_recovery_codes_take_the_place_of_the_old() {
    let setting = Setting::new();
    let (secret, old) = setting.enable();
    setting.minutes_later();
    let code = code(&secret, 0);
    let body = json!({ "password": PASSWORD, "code": code });
    let new = codes(&setting.post("recovery-codes", &body));
    assert!(new.iter().all(|code| !old.contains(code)));
    setting.post("recovery-codes", &body).problem(403);
    try_log_in_with_code(&setting.app, ANN, PASSWORD, &code).problem(401);
    try_log_in_with_code(&setting.app, ANN, PASSWORD, &old[0]).problem(401);
    assert_eq!(
        try_log_in_with_code(&setting.app, ANN, PASSWORD, &new[0]).status,
        200
    );
    assert_eq!(setting.events(), ["totp.enabled", "totp.codes_renewed"]);
}

/// E18: what there is not cannot be confirmed, taken away or set up twice.
#[test]
fn out_of_turn_is_409() {
    let setting = Setting::new();
    let proof = json!({ "password": PASSWORD, "code": "123456" });
    for (what, body) in [
        ("confirm", json!({ "code": "123456" })),
        ("disable", proof.clone()),
        ("recovery-codes", proof),
    ] {
        setting.post(what, &body).problem(409);
    }
    setting.enable();
    setting
        .post("start", &json!({ "password": PASSWORD }))
        .problem(409);
    setting.post("confirm", &json!({ "code": "123456" })).problem(409);
    assert_eq!(setting.state(), (true, 10));
}

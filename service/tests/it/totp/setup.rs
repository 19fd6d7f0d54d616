//! Enabling and disabling the second factor, and new recovery codes.

use crate::support::accounts::{PASSWORD, call_as, create_account, log_in, try_log_in, try_log_in_with_code};
use crate::support::app::App;
use crate::support::authenticator::code;
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const ANN: &str = "ann@example.org";

/// A user who is logged in.
pub struct Fixture {
    pub database: Database,
    pub app: App,
    pub token: String,
}

impl Fixture {
    pub fn new() -> Self {
        let database = Database::fresh();
        let app = App::over(&database);
        create_account(&database, ANN, Role::User);
        let token = log_in(&app, ANN).access;
        Self { database, app, token }
    }

    pub fn post(&self, action: &str, body: &Value) -> Response {
        call_as(
            &self.app,
            &self.token,
            "POST",
            &format!("/auth/totp/{action}"),
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

    /// Enables the second factor; returns its secret and the recovery codes.
    pub fn enable(&self) -> (String, Vec<String>) {
        let secret = self.start();
        let confirmed = self.post("confirm", &json!({ "code": code(&secret, 0) }));
        (secret, codes(&confirmed))
    }

    /// Moves the last used time step into the past, so that current codes are accepted again.
    pub fn advance_time(&self) {
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

/// E18: The secret is shown once, and the second factor is required from its first confirmed code on.
#[test]
fn the_second_factor_is_required_once_confirmed() {
    let fixture = Fixture::new();
    assert_eq!(fixture.state(), (false, 0));
    let started = fixture.post("start", &json!({ "password": PASSWORD })).json();
    let secret = started["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32);
    assert_eq!(
        started["uri"],
        format!(
            "otpauth://totp/Portcullis:ann%40example%2Eorg?secret={secret}&issuer=Portcullis&algorithm=SHA1&digits=6&period=30"
        )
    );
    assert_eq!(fixture.state(), (false, 0));
    assert_eq!(try_log_in(&fixture.app, ANN, PASSWORD).status, 200);
    let wrong = fixture.post("confirm", &json!({ "code": code(secret, 5) }));
    assert_eq!(wrong.problem(403)["type"], "urn:portcullis:problem:wrong-code");
    assert_eq!(fixture.state(), (false, 0));
    let confirmed = fixture.post("confirm", &json!({ "code": code(secret, 0) }));
    let mut recovery = codes(&confirmed);
    recovery.sort_unstable();
    recovery.dedup();
    assert_eq!(recovery.len(), 10);
    assert_eq!(fixture.state(), (true, 10));
    try_log_in(&fixture.app, ANN, PASSWORD).problem(401);
    assert_eq!(fixture.events(), ["totp.enabled"]);
}

/// E18: Starting again replaces an unconfirmed secret.
#[test]
fn starting_again_replaces_an_unconfirmed_secret() {
    let fixture = Fixture::new();
    let (first, second) = (fixture.start(), fixture.start());
    assert_ne!(first, second);
    fixture
        .post("confirm", &json!({ "code": code(&first, 0) }))
        .problem(403);
    assert_eq!(
        fixture
            .post("confirm", &json!({ "code": code(&second, 0) }))
            .status,
        200
    );
}

/// E18: Each change of the second factor requires the password, and a code once it is enabled.
#[test]
fn each_change_requires_password_and_code() {
    let fixture = Fixture::new();
    let rejected = fixture
        .post("start", &json!({ "password": "wrong" }))
        .problem(403);
    assert_eq!(rejected["type"], "urn:portcullis:problem:wrong-password");
    let (secret, recovery) = fixture.enable();
    fixture.advance_time();
    let valid = code(&secret, 0);
    for action in ["disable", "recovery-codes"] {
        for (password, code) in [
            ("wrong", valid.as_str()),
            (PASSWORD, "000000"),
            ("wrong", "000000"),
        ] {
            let body = json!({ "password": password, "code": code });
            let rejected = fixture.post(action, &body).problem(403);
            assert_eq!(rejected["type"], "urn:portcullis:problem:wrong-password");
            fixture.database.execute("DELETE FROM sessions.throttles");
        }
        assert_eq!(
            fixture.post(action, &json!({})).fields(400),
            ["body:password", "body:code"]
        );
    }
    assert_eq!(fixture.state(), (true, 10));
    let body = json!({ "password": PASSWORD, "code": recovery[0] });
    assert_eq!(fixture.post("disable", &body).status, 204);
    assert_eq!(fixture.state(), (false, 0));
    assert_eq!(try_log_in(&fixture.app, ANN, PASSWORD).status, 200);
    fixture.post("disable", &body).problem(409);
    assert_eq!(fixture.events(), ["totp.enabled", "totp.disabled"]);
}

/// E18, E7: Wrong passwords in an open session are throttled.
#[test]
fn wrong_passwords_are_throttled() {
    let fixture = Fixture::new();
    for _ in 0..6 {
        fixture
            .post("start", &json!({ "password": "wrong" }))
            .problem(403);
    }
    fixture
        .database
        .execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    fixture
        .post("start", &json!({ "password": PASSWORD }))
        .problem(429);
}

/// E18, E7: Wrong codes are throttled while the second factor is being confirmed.
#[test]
fn wrong_confirming_codes_are_throttled() {
    let fixture = Fixture::new();
    let secret = fixture.start();
    for _ in 0..6 {
        fixture.post("confirm", &json!({ "code": "x" })).problem(403);
    }
    fixture
        .database
        .execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    fixture
        .post("confirm", &json!({ "code": code(&secret, 0) }))
        .problem(429);
    fixture
        .database
        .execute("UPDATE sessions.throttles SET blocked_until = now()");
    assert_eq!(
        fixture
            .post("confirm", &json!({ "code": code(&secret, 0) }))
            .status,
        200
    );
}

/// E18: New recovery codes replace the old ones, and a code used for one operation cannot be used for another.
#[test]
fn new_recovery_codes_replace_the_old() {
    let fixture = Fixture::new();
    let (secret, old) = fixture.enable();
    fixture.advance_time();
    let code = code(&secret, 0);
    let body = json!({ "password": PASSWORD, "code": code });
    let new = codes(&fixture.post("recovery-codes", &body));
    assert!(new.iter().all(|code| !old.contains(code)));
    fixture.post("recovery-codes", &body).problem(403);
    try_log_in_with_code(&fixture.app, ANN, PASSWORD, &code).problem(401);
    try_log_in_with_code(&fixture.app, ANN, PASSWORD, &old[0]).problem(401);
    assert_eq!(
        try_log_in_with_code(&fixture.app, ANN, PASSWORD, &new[0]).status,
        200
    );
    assert_eq!(fixture.events(), ["totp.enabled", "totp.codes_renewed"]);
}

/// E18: Confirming or disabling a second factor that does not exist, or enabling it twice, returns 409.
#[test]
fn a_change_in_the_wrong_state_is_409() {
    let fixture = Fixture::new();
    let proof = json!({ "password": PASSWORD, "code": "123456" });
    for (action, body) in [
        ("confirm", json!({ "code": "123456" })),
        ("disable", proof.clone()),
        ("recovery-codes", proof),
    ] {
        fixture.post(action, &body).problem(409);
    }
    fixture.enable();
    fixture
        .post("start", &json!({ "password": PASSWORD }))
        .problem(409);
    fixture.post("confirm", &json!({ "code": "123456" })).problem(409);
    assert_eq!(fixture.state(), (true, 10));
}

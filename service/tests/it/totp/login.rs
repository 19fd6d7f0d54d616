//! Signing in with a second factor: codes of an app, recovery codes, each once.
use crate::support::accounts::{
    PASSWORD, call_as, create_account, log_in, token_pair, try_log_in, try_log_in_with_code,
};
use crate::support::app::App;
use crate::support::authenticator::code;
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::types::role::Role;
use serde_json::{Value, json};

const ANN: &str = "ann@example.org";

struct Setting {
    database: Database,
    app: App,
    secret: String,
    recovery_codes: Vec<String>,
}

impl Setting {
    /// An account whose app is confirmed.
    fn new() -> Self {
        let database = Database::fresh();
        let app = App::over(&database);
        create_account(&database, ANN, Role::User);
        let token = log_in(&app, ANN).access;
        let call = |path: &str, body: &Value| {
            let response = call_as(&app, &token, "POST", path, body);
            assert_eq!(response.status, 200, "{response:?}");
            response.json()
        };
        let started = call("/auth/totp/start", &json!({ "password": PASSWORD }));
        let secret = started["secret"].as_str().unwrap().to_owned();
        let confirmed = call("/auth/totp/confirm", &json!({ "code": code(&secret, 0) }));
        let codes = confirmed["recovery_codes"].as_array().unwrap();
        let recovery_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
        let recovery_codes = recovery_codes.collect();
        let setting = Self {
            database,
            app,
            secret,
            recovery_codes,
        };
        setting.minutes_later();
        setting
    }

    /// The step of the last code lies some minutes back.
    fn minutes_later(&self) {
        self.database
            .execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10; DELETE FROM sessions.throttles");
    }

    fn with(&self, code: &str) -> Response {
        try_log_in_with_code(&self.app, ANN, PASSWORD, code)
    }

    fn kind(response: &Response) -> String {
        response.problem(401)["type"].as_str().unwrap().to_owned()
    }
}

const INVALID: &str = "urn:portcullis:problem:invalid-credentials";

/// E18: the code of an outside program works once.
#[test]
fn a_code_works_once() {
    let setting = Setting::new();
    let code = code(&setting.secret, 0);
    assert_eq!(setting.with(&code).status, 200);
    assert_eq!(Setting::kind(&setting.with(&code)), INVALID);
    setting.minutes_later();
    assert_eq!(
        setting.with(&code).status,
        200,
        "the step, not the text, is what is taken"
    );
}

/// E18: the code that confirmed the app is taken by that.
#[test]
fn the_first_code_is_taken_too() {
    let setting = Setting::new();
    setting
        .database
        .execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step + 10");
    assert_eq!(Setting::kind(&setting.with(&code(&setting.secret, 0))), INVALID);
}

/// E18: clocks may differ by a step, and an older code is no good after a newer one.
#[test]
fn codes_of_the_step_before_and_after_are_taken_and_no_others() {
    let setting = Setting::new();
    for steps in [-2, 2, -20, 20] {
        assert_eq!(
            Setting::kind(&setting.with(&code(&setting.secret, steps))),
            INVALID,
            "{steps}"
        );
    }
    setting.minutes_later();
    for steps in [-1, 0, 1] {
        assert_eq!(setting.with(&code(&setting.secret, steps)).status, 200, "{steps}");
    }
    for steps in [-1, 0, 1] {
        assert_eq!(
            Setting::kind(&setting.with(&code(&setting.secret, steps))),
            INVALID,
            "{steps}"
        );
    }
}

/// E18, E5: that a code is needed is told to who knows the password, and to nobody else.
#[test]
fn without_a_code_only_the_right_password_learns_that_one_is_needed() {
    let setting = Setting::new();
    let needed = Setting::kind(&try_log_in(&setting.app, ANN, PASSWORD));
    assert_eq!(needed, "urn:portcullis:problem:second-factor-required");
    let code = code(&setting.secret, 0);
    assert_eq!(Setting::kind(&try_log_in(&setting.app, ANN, "wrong")), INVALID);
    assert_eq!(
        Setting::kind(&try_log_in_with_code(&setting.app, ANN, "wrong", &code)),
        INVALID
    );
    assert_eq!(
        setting.with(&code).status,
        200,
        "a wrong password has not taken it"
    );
    let sessions = "SELECT count(*)::text AS line FROM sessions.sessions";
    assert_eq!(setting.database.lines(sessions), ["2"]);
}

/// E18, E7: codes are guessed no faster than passwords.
#[test]
fn wrong_codes_are_counted() {
    let setting = Setting::new();
    for bad in ["000000", "", "x", "12345", "1234567", "0000-0000-0000-0000"] {
        assert_eq!(Setting::kind(&setting.with(bad)), INVALID, "{bad}");
    }
    setting
        .database
        .execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    setting.with(&code(&setting.secret, 0)).problem(429);
    let events =
        "SELECT DISTINCT detail ->> 'why' AS line FROM audit.events WHERE action = 'session.refused'";
    assert_eq!(setting.database.lines(events), ["wrong code"]);
}

/// E18: asking without a code, as every app does first, costs nothing.
#[test]
fn a_missing_code_is_no_wrong_one() {
    let setting = Setting::new();
    for _ in 0..10 {
        try_log_in(&setting.app, ANN, PASSWORD).problem(401);
    }
    assert_eq!(setting.with(&code(&setting.secret, 0)).status, 200);
}

/// E18: of many who send the same code at once, one is let in.
#[test]
fn in_parallel_a_code_works_once_too() {
    let setting = Setting::new();
    let codes = [code(&setting.secret, 0), setting.recovery_codes[0].clone()];
    for code in &codes {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..5)
                .map(|_| scope.spawn(|| setting.with(code).status))
                .collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).collect()
        });
        let let_in = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(let_in, 1, "{statuses:?}");
        setting.database.execute("DELETE FROM sessions.throttles");
    }
}

/// E18: ten recovery codes, however they are typed, each once.
#[test]
fn a_recovery_code_works_once() {
    let setting = Setting::new();
    assert_eq!(setting.recovery_codes.len(), 10);
    let typed = [
        setting.recovery_codes[0].clone(),
        setting.recovery_codes[1].to_lowercase(),
        setting.recovery_codes[2].replace('-', ""),
    ];
    for code in &typed {
        let response = setting.with(code);
        let token = token_pair(&response).access;
        assert_eq!(Setting::kind(&setting.with(code)), INVALID);
        let state = call_as(&setting.app, &token, "GET", "/auth/totp", &Value::Null).json();
        assert_eq!(state["enabled"], true);
    }
    let left = "SELECT count(*)::text AS line FROM accounts.recovery_codes WHERE used_at IS NULL";
    assert_eq!(setting.database.lines(left), ["7"]);
    let factors =
        "SELECT detail ->> 'factor' AS line FROM audit.events WHERE action = 'session.begun' ORDER BY id";
    assert_eq!(
        setting.database.lines(factors),
        ["none", "recovery code", "recovery code", "recovery code"]
    );
}

/// E18: neither secret nor code stands in the database, and a sealed secret is good for one account only.
#[test]
fn nothing_in_the_database_makes_a_code() {
    let setting = Setting::new();
    let rows = setting.database.lines(
        "SELECT encode(totp_secret, 'escape') AS line FROM accounts.credentials
         UNION ALL SELECT encode(code_hash, 'escape') FROM accounts.recovery_codes",
    );
    assert_eq!(rows.len(), 11);
    for row in &rows {
        assert!(!row.contains(&setting.secret));
        assert!(
            setting
                .recovery_codes
                .iter()
                .all(|code| !row.contains(&code.replace('-', "")))
        );
    }
    create_account(&setting.database, "bob@example.org", Role::User);
    setting.database.execute(
        "UPDATE accounts.credentials SET (totp_secret, totp_confirmed_at) =
           (SELECT totp_secret, totp_confirmed_at FROM accounts.credentials WHERE totp_secret IS NOT NULL)
         WHERE totp_secret IS NULL",
    );
    let moved = try_log_in_with_code(
        &setting.app,
        "bob@example.org",
        PASSWORD,
        &code(&setting.secret, 0),
    );
    moved.problem(500);
}

//! Logging in with a second factor: codes of an authenticator app and recovery codes.

use crate::support::accounts::{
    PASSWORD, call_as, create_account, token_pair, try_log_in, try_log_in_with_code,
};
use crate::support::authenticator::{base32, code};
use crate::support::response::Response;
use crate::support::totp_user::{ANN, TotpUser};
use portcullis::types::role::Role;
use serde_json::Value;

struct Fixture {
    user: TotpUser,
    secret: String,
    recovery_codes: Vec<String>,
}

impl Fixture {
    /// Creates an account with a confirmed second factor.
    fn new() -> Self {
        let user = TotpUser::new();
        let (secret, recovery_codes) = user.enable();
        let fixture = Self {
            user,
            secret,
            recovery_codes,
        };
        fixture.user.advance_time();
        fixture
    }

    fn log_in(&self, code: &str) -> Response {
        try_log_in_with_code(&self.user.app, ANN, PASSWORD, code)
    }

    fn problem_type(response: &Response) -> String {
        response.problem(401)["type"].as_str().unwrap().to_owned()
    }
}

const INVALID: &str = "urn:portcullis:problem:invalid-credentials";

const USED: &str = "urn:portcullis:problem:code-used";

/// E18: A code works once per time step.
#[test]
fn a_code_works_once() {
    let fixture = Fixture::new();
    let code = code(&fixture.secret, 0);
    assert_eq!(fixture.log_in(&code).status, 200);
    assert_eq!(Fixture::problem_type(&fixture.log_in(&code)), USED);
    fixture.user.advance_time();
    assert_eq!(
        fixture.log_in(&code).status,
        200,
        "the time step is used, not the text of the code"
    );
}

/// E18: The code that confirmed the second factor cannot be used again to log in.
#[test]
fn the_confirming_code_is_used() {
    let fixture = Fixture::new();
    fixture
        .user
        .database
        .execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step + 10");
    assert_eq!(
        Fixture::problem_type(&fixture.log_in(&code(&fixture.secret, 0))),
        USED
    );
}

/// E18: Codes one time step early or late are accepted, and no code older than the last used one.
#[test]
fn codes_of_adjacent_time_steps_are_accepted() {
    let fixture = Fixture::new();
    for steps in [-2, 2, -20, 20] {
        assert_eq!(
            Fixture::problem_type(&fixture.log_in(&code(&fixture.secret, steps))),
            INVALID,
            "{steps}"
        );
    }
    fixture.user.advance_time();
    for steps in [-1, 0, 1] {
        assert_eq!(
            fixture.log_in(&code(&fixture.secret, steps)).status,
            200,
            "{steps}"
        );
    }
    for steps in [-1, 0, 1] {
        assert_eq!(
            Fixture::problem_type(&fixture.log_in(&code(&fixture.secret, steps))),
            USED,
            "{steps}"
        );
    }
}

/// E18, E5: Only a login with the right password reveals that a code is required.
#[test]
fn only_the_right_password_reveals_the_second_factor() {
    let fixture = Fixture::new();
    let required = Fixture::problem_type(&try_log_in(&fixture.user.app, ANN, PASSWORD));
    assert_eq!(required, "urn:portcullis:problem:second-factor-required");
    let code = code(&fixture.secret, 0);
    assert_eq!(
        Fixture::problem_type(&try_log_in(&fixture.user.app, ANN, "wrong")),
        INVALID
    );
    assert_eq!(
        Fixture::problem_type(&try_log_in_with_code(&fixture.user.app, ANN, "wrong", &code)),
        INVALID
    );
    assert_eq!(
        fixture.log_in(&code).status,
        200,
        "a wrong password does not use the code"
    );
    let sessions = "SELECT count(*)::text AS line FROM sessions.sessions";
    assert_eq!(fixture.user.database.lines(sessions), ["2"]);
}

/// E18, E7: Wrong codes are throttled like wrong passwords.
#[test]
fn wrong_codes_are_throttled() {
    let fixture = Fixture::new();
    for bad in [
        "000000",
        "000 000",
        "0000-0000-0000-0000",
        "000000",
        "000000",
        "000000",
    ] {
        assert_eq!(Fixture::problem_type(&fixture.log_in(bad)), INVALID, "{bad}");
    }
    fixture
        .user
        .database
        .execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    fixture.log_in(&code(&fixture.secret, 0)).problem(429);
    let events =
        "SELECT DISTINCT detail ->> 'why' AS line FROM audit.events WHERE action = 'session.refused'";
    assert_eq!(fixture.user.database.lines(events), ["wrong code"]);
}

/// E18: A code is accepted as apps, documents and input methods present it.
#[test]
fn a_code_is_accepted_as_apps_present_it() {
    let fixture = Fixture::new();
    let write = |separator: &str| {
        let code = code(&fixture.secret, 0);
        format!("{}{separator}{}", &code[..3], &code[3..])
    };
    let full_width: String = code(&fixture.secret, 0)
        .bytes()
        .map(|digit| char::from_u32(0xff10 + u32::from(digit - b'0')).unwrap())
        .collect();
    for typed in [
        write(" "),
        write("-"),
        write("\u{a0}"),
        write("\u{2013}"),
        format!("\t{}\r\n", write("")),
        format!("\u{200b}{}", write("\u{202f}")),
        full_width,
        format!(" {}\n", fixture.recovery_codes[0]),
        fixture.recovery_codes[1].replace('-', "\u{a0}"),
    ] {
        assert_eq!(fixture.log_in(&typed).status, 200, "{typed:?}");
        fixture.user.advance_time();
    }
}

/// E18: An empty code is a missing one, and a text that cannot be a code is an invalid field. Neither is a guess, and
/// neither is the code of a used time step.
#[test]
fn only_a_wrong_code_counts_as_a_guess() {
    let fixture = Fixture::new();
    let used = code(&fixture.secret, 0);
    assert_eq!(fixture.log_in(&used).status, 200);
    for _ in 0..10 {
        for missing in ["", " \u{a0}\n"] {
            let problem = Fixture::problem_type(&fixture.log_in(missing));
            assert_eq!(problem, "urn:portcullis:problem:second-factor-required");
        }
        for invalid in ["x", "12345", "1234567", "0000-0000-0000-000U"] {
            assert_eq!(fixture.log_in(invalid).fields(400), ["body:code"], "{invalid}");
        }
        assert_eq!(Fixture::problem_type(&fixture.log_in(&used)), USED);
    }
    let other = fixture.recovery_codes[0].clone();
    assert_eq!(fixture.log_in(&other).status, 200);
}

/// E18: A login without a code does not count as a wrong code.
#[test]
fn a_missing_code_is_not_a_wrong_code() {
    let fixture = Fixture::new();
    for _ in 0..10 {
        try_log_in(&fixture.user.app, ANN, PASSWORD).problem(401);
    }
    assert_eq!(fixture.log_in(&code(&fixture.secret, 0)).status, 200);
}

/// E18: Of concurrent logins with one code, exactly one succeeds.
#[test]
fn of_concurrent_logins_with_one_code_one_succeeds() {
    let fixture = Fixture::new();
    let codes = [code(&fixture.secret, 0), fixture.recovery_codes[0].clone()];
    for code in &codes {
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..5)
                .map(|_| scope.spawn(|| fixture.log_in(code).status))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let accepted = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(accepted, 1, "{statuses:?}");
        fixture.user.database.execute("DELETE FROM sessions.throttles");
    }
}

/// E18: There are ten recovery codes. Each works once, in any case and without its dashes.
#[test]
fn a_recovery_code_works_once() {
    let fixture = Fixture::new();
    assert_eq!(fixture.recovery_codes.len(), 10);
    let typed = [
        fixture.recovery_codes[0].clone(),
        fixture.recovery_codes[1].to_lowercase(),
        fixture.recovery_codes[2].replace('-', ""),
    ];
    for code in &typed {
        let response = fixture.log_in(code);
        let token = token_pair(&response).access;
        assert_eq!(Fixture::problem_type(&fixture.log_in(code)), USED);
        let state = call_as(&fixture.user.app, &token, "GET", "/auth/totp", &Value::Null).json();
        assert_eq!(state["enabled"], true);
    }
    let left = "SELECT count(*)::text AS line FROM accounts.recovery_codes WHERE used_at IS NULL";
    assert_eq!(fixture.user.database.lines(left), ["7"]);
    let factors =
        "SELECT detail ->> 'factor' AS line FROM audit.events WHERE action = 'session.begun' ORDER BY id";
    assert_eq!(
        fixture.user.database.lines(factors),
        ["none", "recovery code", "recovery code", "recovery code"]
    );
}

/// E18: A recovery code has at least 128 random bits, and codes that earlier versions issued are still accepted.
#[test]
fn a_recovery_code_of_an_earlier_version_is_accepted() {
    let fixture = Fixture::new();
    let characters = fixture.recovery_codes[0].replace('-', "").len();
    assert!(characters * 5 >= 128, "{characters}");
    let issued = "0123-4567-89AB-CDEF";
    fixture.user.database.execute(
        "INSERT INTO accounts.recovery_codes (account_id, code_hash)
         SELECT account_id, sha256('0123456789ABCDEF') FROM accounts.credentials",
    );
    assert_eq!(fixture.log_in(issued).status, 200);
    assert_eq!(Fixture::problem_type(&fixture.log_in(issued)), USED);
}

/// E18: The database contains neither the secret nor recovery codes in plaintext, and an encrypted secret is bound to its
/// account.
#[test]
fn the_database_alone_yields_no_code() {
    let fixture = Fixture::new();
    let rows = fixture.user.database.lines(
        "SELECT encode(totp_secret, 'hex') AS line FROM accounts.credentials
         UNION ALL SELECT encode(code_hash, 'hex') FROM accounts.recovery_codes",
    );
    assert_eq!(rows.len(), 11);
    let mut hidden = vec![base32(&fixture.secret), fixture.secret.clone().into_bytes()];
    let codes = fixture.recovery_codes.iter();
    hidden.extend(codes.map(|code| code.replace('-', "").into_bytes()));
    for plain in hidden {
        let plain: String = plain.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(rows.iter().all(|row| !row.contains(&plain)), "{rows:?}");
    }
    create_account(&fixture.user.database, "bob@example.org", Role::User);
    fixture.user.database.execute(
        "UPDATE accounts.credentials SET (totp_secret, totp_confirmed_at) =
           (SELECT totp_secret, totp_confirmed_at FROM accounts.credentials WHERE totp_secret IS NOT NULL)
         WHERE totp_secret IS NULL",
    );
    let moved = try_log_in_with_code(
        &fixture.user.app,
        "bob@example.org",
        PASSWORD,
        &code(&fixture.secret, 0),
    );
    moved.problem(409);
}

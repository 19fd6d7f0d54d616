//! Which passwords are accepted.

use crate::support::accounts::{HASHING, PASSWORD, call_as, create_account, post, register, try_log_in};
use crate::support::app::{App, send};
use crate::support::authenticator::code;
use crate::support::database::Database;
use crate::support::mailed_links::token;
use crate::support::program::{run, stderr};
use crate::support::response::Response;
use crate::support::temp_file::TempFile;
use crate::support::totp_user::{ANN, TotpUser};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use portcullis::crypto::password_hash::PasswordHash;
use portcullis::types::role::Role;
use serde_json::json;

/// The reason for which a password is rejected.
fn reason(response: &Response) -> String {
    reason_of("password", response)
}

fn reason_of(field: &str, response: &Response) -> String {
    let problem = response.problem(400);
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(
        (errors.len(), errors[0]["field"].as_str()),
        (1, Some(field)),
        "{problem}"
    );
    errors[0]["reason"].as_str().unwrap().to_owned()
}

/// E15: As the only factor, a password has 15 to 128 characters of any script, which are not truncated.
#[test]
fn a_password_has_15_to_128_characters_of_any_script() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("MAIL_RATE_PER_NETWORK", "1000")]));
    let rejection = |password: &str| reason(&register(&app, "Ann", "no@example.org", password));
    let (chinese, ships) = ("密码".repeat(7), "\u{1f6a2}".repeat(14));
    for short in ["", "a", "tr0ub4d&", "fourteen chars", &chinese, &ships] {
        assert_eq!(rejection(short), "must have at least 15 characters", "{short}");
    }
    for long in ["x".repeat(129), "ü€".repeat(65)] {
        assert_eq!(rejection(&long), "must have at most 128 characters");
    }
    let longest = "\u{1f6a2}ü".repeat(64);
    let accepted = [
        "tr0ub4d&4ever42",
        &format!("{chinese}密"),
        " spaces around ",
        "nopqrstuvwxyz but lower case",
        "\u{0}\u{1}\n\t control characters",
        &longest,
        "a\u{308}bgedeckt und still",
        "ⓊⓃⒾⒸⓄⒹⒺ ⓊⓃⒾⒸⓄⒹⒺ!",
    ];
    for (n, password) in accepted.into_iter().enumerate() {
        let email = format!("n{n}@example.org");
        assert_eq!(
            register(&app, "Ann", &email, password).status,
            202,
            "{password:?}"
        );
        post(
            &app,
            "/auth/confirm",
            &json!({ "token": token(&database, "confirm", &email), "password": password }),
        );
        assert_eq!(try_log_in(&app, &email, password).status, 200, "{password:?}");
        let mut cut = password.to_owned();
        cut.pop();
        try_log_in(&app, &email, &cut).problem(401);
    }
    try_log_in(&app, "n2@example.org", "spaces around").problem(401);
}

/// E15: The same characters in another encoding are the same password, in JSON and in Basic authentication (RFC 8265, RFC
/// 7617); other characters are not.
#[test]
fn the_encoding_of_characters_does_not_matter() {
    let database = Database::fresh();
    let app = App::over(&database);
    let forms = [
        "ma\u{f1}ana caf\u{e9} con leche",
        "man\u{303}ana cafe\u{301} con leche",
    ];
    for (n, chosen) in forms.into_iter().enumerate() {
        let email = format!("n{n}@example.org");
        assert_eq!(register(&app, "Ann", &email, chosen).status, 202);
        let link = token(&database, "confirm", &email);
        let body = json!({ "token": link, "password": forms[1 - n] });
        assert_eq!(post(&app, "/auth/confirm", &body).status, 200);
        for form in forms {
            assert_eq!(try_log_in(&app, &email, form).status, 200, "{form:?}");
            let basic = app.request("POST", "/login").basic_auth(&email, Some(form));
            assert_eq!(send(basic).status, 200, "{form:?}");
        }
        try_log_in(&app, &email, "manana cafe con leche").problem(401);
        // Compatibility forms and case are other characters.
        try_log_in(&app, &email, "ma\u{f1}ana caf\u{e9} con \u{ff4c}eche").problem(401);
        try_log_in(&app, &email, "Ma\u{f1}ana caf\u{e9} con leche").problem(401);
    }
}

/// E15: With a second factor eight characters are enough, for a change and for a reset.
#[test]
fn a_password_beside_a_second_factor_has_8_characters() {
    let user = TotpUser::new();
    let change = |new: &str, code: &str| {
        let mut body = json!({ "new_password": new, "current_password": PASSWORD });
        if !code.is_empty() {
            body["code"] = code.into();
        }
        call_as(&user.app, &user.token, "PUT", "/auth/me", &body)
    };
    assert_eq!(
        reason_of("new_password", &change("tr0ub4d&", "")),
        "must have at least 15 characters"
    );
    let (secret, _) = user.enable();
    user.advance_time();
    assert_eq!(
        reason_of("new_password", &change("tr0ub4d", "")),
        "must have at least 8 characters"
    );
    assert_eq!(change("tr0ub4d&", &code(&secret, 0)).status, 200);
    post(&user.app, "/auth/forgot", &json!({ "email": ANN }));
    let reset = |password: &str| {
        let body = json!({ "token": token(&user.database, "reset", ANN), "password": password });
        post(&user.app, "/auth/reset", &body)
    };
    assert_eq!(reason(&reset("short!!")), "must have at least 8 characters");
    assert_eq!(reset("r0ub4dt&").status, 200);
}

/// E15: A password that is shorter than the rules demand today keeps working, and the next one complies.
#[test]
fn an_existing_shorter_password_keeps_working() {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    let hash = PasswordHash::create(&"tr0ub4d&".into(), HASHING).unwrap();
    database.execute(&format!(
        "UPDATE accounts.credentials SET password_hash = '{}'",
        hash.as_str()
    ));
    let logged_in = try_log_in(&app, ANN, "tr0ub4d&");
    assert_eq!(logged_in.status, 200, "{logged_in:?}");
    let access = logged_in.json()["access_token"].as_str().unwrap().to_owned();
    let change = |new: &str| {
        let body = json!({ "new_password": new, "current_password": "tr0ub4d&" });
        call_as(&app, &access, "PUT", "/auth/me", &body)
    };
    let reason = reason_of("new_password", &change("fourteen chars"));
    assert_eq!(reason, "must have at least 15 characters");
    assert_eq!(change("fifteen charact").status, 200);
}

fn sha1(password: &str) -> String {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A file in the format of Have I Been Pwned with these passwords among others.
fn breached_file(passwords: &[&str]) -> TempFile {
    let others = (0..5000).map(|n| format!("{}:{}", sha1(&format!("other {n}")), n * n + 1));
    let mut lines: Vec<String> = passwords
        .iter()
        .map(|password| format!("{}:3", sha1(password)))
        .chain(others)
        .collect();
    lines.sort_unstable();
    TempFile::new("txt", lines.join("\r\n"))
}

/// E15: Passwords in the operator's file of breached ones are refused. The file may be replaced while the service runs; if
/// it cannot be read, new passwords are refused with 503 and log-ins continue.
#[test]
fn breached_passwords_are_rejected() {
    let database = Database::fresh();
    let (leaked, later) = ("leaked by a forum", "leaked by a shop, caf\u{e9}");
    let file = breached_file(&[leaked, "cut off", "LEAKED"]);
    let app = App::start(&database.settings(&[("BREACHED_PASSWORDS", file.path_str())]));
    create_account(&database, ANN, Role::User);
    let sign_up = |password: &str| register(&app, "Bob", "bob@example.org", password);
    assert_eq!(reason(&sign_up(leaked)), "is known from a data breach");
    for other in ["leaked by a Forum", "leaked by a forum!", later] {
        assert_eq!(sign_up(other).status, 202, "{other}");
    }
    let newer = breached_file(&[later]);
    std::fs::rename(newer.path(), file.path()).unwrap();
    for form in [later, "leaked by a shop, cafe\u{301}"] {
        assert_eq!(reason(&sign_up(form)), "is known from a data breach");
    }
    assert_eq!(sign_up(leaked).status, 202);
    for damage in ["not a list of hashes", ""] {
        std::fs::write(file.path(), damage).unwrap();
        let refused = sign_up(leaked);
        if damage.is_empty() {
            assert_eq!(refused.status, 202, "an empty file contains nothing");
        } else {
            refused.problem(503);
            assert!(!refused.header("retry-after").is_empty());
        }
    }
    std::fs::remove_file(file.path()).unwrap();
    sign_up(leaked).problem(503);
    assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200);
}

/// E15, K1: A file of breached passwords that is missing, malformed or not sorted ends the program with code 78 and the name
/// of the setting.
#[test]
fn an_invalid_file_of_breached_passwords_ends_with_78() {
    let database = Database::not_created();
    let (one, two) = (sha1("one"), sha1("two"));
    let unsorted = format!("{}:1\n{}:1\n", one.clone().max(two.clone()), one.min(two));
    for content in [
        "",
        "password\n",
        "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:many\n",
        &unsorted,
    ] {
        let file = TempFile::new("txt", content);
        let mut pairs = database.pairs();
        pairs.push(("BREACHED_PASSWORDS".into(), file.path_str().into()));
        let output = run(&["serve"], &pairs);
        assert_eq!(output.status.code(), Some(78), "{content:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("PORTCULLIS_BREACHED_PASSWORDS: "),
            "{}",
            stderr(&output)
        );
        pairs.pop();
        pairs.push((
            "BREACHED_PASSWORDS".into(),
            format!("{}.missing", file.path_str()),
        ));
        assert_eq!(run(&["serve"], &pairs).status.code(), Some(78));
    }
}

/// E15: Common passwords are rejected in any case. The test reads the list itself, because the reader of the service could
/// be wrong.
#[test]
fn common_passwords_are_rejected() {
    // With a second factor, so that no password is too short.
    let user = TotpUser::new();
    user.enable();
    let rejection = |password: &str| {
        let body = json!({ "new_password": password, "current_password": PASSWORD });
        reason_of(
            "new_password",
            &call_as(&user.app, &user.token, "PUT", "/auth/me", &body),
        )
    };
    let reason_text = "is one of the most common passwords";
    for long in ["1qaz2wsx3edc4rfv", "1Q2W3E4R5T6Y7U8I", "123456789012345"] {
        assert_eq!(
            reason(&register(&user.app, "Bob", "bob@example.org", long)),
            reason_text
        );
    }
    for common in [
        "password",
        "Password1",
        "12345678",
        "123456789",
        "1234567890",
        "qwertyuiop",
        "QWERTY123",
        "iloveyou",
        "1Q2W3E4R",
        "11111111",
        "00000000",
        "88888888",
        "987654321",
        "123123123",
        "abcd1234",
        "password123",
        "p@ssw0rd",
        "trustno1",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "superman",
        "michelle",
        "jennifer",
        "administrator",
        "welcome1",
        "letmein1",
        "1qaz2wsx",
        "q1w2e3r4",
        "zaq12wsx",
        "asdfghjkl",
        "a1b2c3d4",
        "computer",
        "whatever",
        "starwars",
    ] {
        assert_eq!(rejection(common), reason_text, "{common}");
    }
    let list = include_str!("../../../src/domain/accounts/common_passwords.txt");
    let whole = list.lines().filter_map(|line| line.strip_prefix('0'));
    let whole: Vec<&str> = whole.collect();
    assert!(whole.len() > 30, "{whole:?}");
    for common in whole {
        assert_eq!(rejection(&common.to_uppercase()), reason_text, "{common}");
    }
}

/// E15: A password must not contain a word of the name or of the address, which the error names, nor a word of the service
/// or the organisation. Parts of words do not count.
#[test]
fn personal_passwords_are_rejected() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("PASSWORD_WORDS", "Acme, Widgetron")]));
    let rejection = |name, email, password| reason(&register(&app, name, email, password));
    for (name, email, password, part) in [
        (
            "Grace Hopper",
            "gh@example.org",
            "hopper-1906-arlington",
            "hopper",
        ),
        ("Grace Hopper", "gh@example.org", "amazing GRACE 1906", "grace"),
        (
            "Þórunn Ágústsdóttir",
            "th@example.org",
            "ágústsdóttir!!!",
            "ágústsdóttir",
        ),
        ("Þo\u{301}runn", "th@example.org", "hún þórunn er hér", "þórunn"),
        ("Li Xu", "l@example.org", "we all like lixu", "lixu"),
        (
            "Ann",
            "mountain.goat@example.org",
            "a quiet mountain lake",
            "mountain",
        ),
        (
            "Ann",
            "mountain.goat@example.org",
            "mountaingoat!!!",
            "mountaingoat",
        ),
        ("Ann", "mountain7@example.org", "to the mountain2026", "mountain"),
        ("Ann", "ann@navy-yard.example", "the old navy of 1906", "navy"),
        ("Ann", "li@a.example", "say li@a.example to me", "li@a.example"),
    ] {
        let expected = format!("must not contain “{part}”, which is part of the name or the e-mail address");
        assert_eq!(rejection(name, email, password), expected, "{password}");
    }
    for (password, word) in [
        ("my Portcullis is shut", "portcullis"),
        ("ACME makes everything", "acme"),
        ("thewidgetronhouse", "widgetron"),
    ] {
        let expected = format!("must not contain “{word}”");
        assert_eq!(rejection("Ann", "ann@example.org", password), expected);
    }
    for (name, email, password) in [
        ("Mark Rose", "m@example.org", "supermarket prosecco waltz"),
        ("Grace Hopper", "g@example.org", "disgraceful grasshoppers"),
        // Three characters occur in ordinary sentences by chance.
        ("Ann", "ann@example.org", "an ann is no channel"),
    ] {
        let accepted = register(&app, name, email, password);
        assert_eq!(accepted.status, 202, "{accepted:?}");
    }
}

//! Which passwords are accepted.

use crate::support::accounts::{post, register, try_log_in};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::mailed_links::token;
use crate::support::response::Response;
use serde_json::json;

/// The reason for which a password is rejected.
fn reason(response: &Response) -> String {
    let problem = response.problem(400);
    let errors = problem["errors"].as_array().unwrap();
    assert_eq!(
        (errors.len(), errors[0]["field"].as_str()),
        (1, Some("password")),
        "{problem}"
    );
    errors[0]["reason"].as_str().unwrap().to_owned()
}

/// E15: A password has 8 to 128 characters of any script, which are neither truncated nor normalised.
#[test]
fn a_password_has_8_to_128_characters_of_any_script() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("MAIL_RATE_PER_NETWORK", "1000")]));
    let rejection = |password: &str| reason(&register(&app, "Ann", "no@example.org", password));
    for short in [
        "",
        "a",
        "1234567",
        "ééééééé",
        "\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}",
    ] {
        assert_eq!(rejection(short), "must have at least 8 characters", "{short}");
    }
    for long in ["x".repeat(129), "ü€".repeat(65)] {
        assert_eq!(rejection(&long), "must have at most 128 characters");
    }
    let longest = "\u{1f6a2}ü".repeat(64);
    let accepted = [
        "tr0ub4d&",
        "密码密码密码密码",
        " spaces around ",
        "nopqrstuvwxyz but lower case",
        "\u{0}\u{1}\n\t control",
        &longest,
        "a\u{308}bgedeckt",
        "ⓊⓃⒾⒸⓄⒹⒺ!",
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
    try_log_in(&app, "n6@example.org", "\u{e4}bgedeckt").problem(401);
}

/// E15: Common passwords are rejected in any case. The test reads the list itself, because the reader of the service could
/// be wrong.
#[test]
fn common_passwords_are_rejected() {
    let database = Database::fresh();
    let app = App::over(&database);
    let rejection = |password: &str| reason(&register(&app, "Ann", "ann@example.org", password));
    let reason_text = "is one of the most common passwords";
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

/// E15: A password must not contain parts of the name, of the address, or the name of the service.
#[test]
fn personal_passwords_are_rejected() {
    let database = Database::fresh();
    let app = App::over(&database);
    let rejection = |name, email, password| reason(&register(&app, name, email, password));
    let personal = "must not contain a part of the name or the e-mail address";
    for (name, email, password) in [
        ("Grace Hopper", "gh@example.org", "hopper-1906-arlington"),
        ("Grace Hopper", "gh@example.org", "xxGRACExx"),
        ("Þórunn Ágústsdóttir", "th@example.org", "ágústsdóttir!"),
        ("Li Xu", "l@example.org", "ilike lixu"),
        ("Ann", "mountain.goat@example.org", "a quiet mountain lake"),
        ("Ann", "mountain.goat@example.org", "mountaingoat!!"),
        ("Ann", "ann@navy-yard.example", "the old navy of 1906"),
    ] {
        assert_eq!(rejection(name, email, password), personal, "{password}");
    }
    let own = rejection("Ann", "ann@example.org", "my Portcullis is shut");
    assert_eq!(own, "must not contain the name of this service");
    // Three characters occur in ordinary words by chance.
    assert_eq!(
        register(&app, "Ann", "ann@example.org", "a channel of annuities").status,
        202
    );
}

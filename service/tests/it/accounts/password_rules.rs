//! What a password must be, wherever one is chosen.
use crate::support::accounts::{post, try_log_in};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::mailed_links::token;
use crate::support::response::Response;
use serde_json::json;

fn register(app: &App, name: &str, email: &str, password: &str) -> Response {
    post(
        app,
        "/auth/register",
        &json!({ "name": name, "email": email, "password": password }),
    )
}

/// The reason that a refused password is told.
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

/// E15: 8 to 128 characters of any script, counted as characters, none cut off, none changed.
#[test]
fn eight_to_a_hundred_and_twenty_eight_characters_of_any_kind() {
    let database = Database::fresh();
    let app = App::start(&database.settings(&[("MAIL_RATE_PER_NETWORK", "1000")]));
    let refused = |password: &str| reason(&register(&app, "Ann", "no@example.org", password));
    for short in [
        "",
        "a",
        "1234567",
        "ééééééé",
        "\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}\u{1f6a2}",
    ] {
        assert_eq!(refused(short), "must have at least 8 characters", "{short}");
    }
    for long in ["x".repeat(129), "ü€".repeat(65)] {
        assert_eq!(refused(&long), "must have at most 128 characters");
    }
    let whole = "\u{1f6a2}ü".repeat(64);
    let good = [
        "tr0ub4d&",
        "密码密码密码密码",
        " spaces around ",
        "nopqrstuvwxyz but lower case",
        "\u{0}\u{1}\n\t control",
        &whole,
        "a\u{308}bgedeckt",
        "ⓊⓃⒾⒸⓄⒹⒺ!",
    ];
    for (n, password) in good.into_iter().enumerate() {
        let email = format!("n{n}@example.org");
        assert_eq!(
            register(&app, "Ann", &email, password).status,
            202,
            "{password:?}"
        );
        post(
            &app,
            "/auth/confirm",
            &json!({ "token": token(&database, "confirm", &email) }),
        );
        assert_eq!(try_log_in(&app, &email, password).status, 200, "{password:?}");
        let mut cut = password.to_owned();
        cut.pop();
        try_log_in(&app, &email, &cut).problem(401);
    }
    try_log_in(&app, "n2@example.org", "spaces around").problem(401);
    try_log_in(&app, "n6@example.org", "\u{e4}bgedeckt").problem(401);
}

/// E15: common ones are refused, in any case. The list is read here by itself: a broken reader would not tell.
#[test]
fn common_passwords_are_refused() {
    let database = Database::fresh();
    let app = App::over(&database);
    let refused = |password: &str| reason(&register(&app, "Ann", "ann@example.org", password));
    let told = "is one of the most common passwords";
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
        assert_eq!(refused(common), told, "{common}");
    }
    let list = include_str!("../../../src/domain/accounts/common_passwords.txt");
    let whole = list.lines().filter_map(|line| line.strip_prefix('0'));
    let whole: Vec<&str> = whole.collect();
    assert!(whole.len() > 30, "{whole:?}");
    for common in whole {
        assert_eq!(refused(&common.to_uppercase()), told, "{common}");
    }
}

/// E15: what anybody guesses who knows the name, the address or the service.
#[test]
fn what_follows_from_the_person_is_refused() {
    let database = Database::fresh();
    let app = App::over(&database);
    let refused = |name, email, password| reason(&register(&app, name, email, password));
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
        assert_eq!(refused(name, email, password), personal, "{password}");
    }
    let own = refused("Ann", "ann@example.org", "my Portcullis is shut");
    assert_eq!(own, "must not contain the name of this service");
    // Three letters stand in ordinary words by chance.
    assert_eq!(
        register(&app, "Ann", "ann@example.org", "a channel of annuities").status,
        202
    );
}

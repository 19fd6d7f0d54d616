//! Hostile names, addresses and tokens.

use crate::support::accounts::{post, try_log_in};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::mailbox::Mailbox;
use crate::support::mailed_links::{list_outbox, token};
use serde_json::{Value, json};

const PASSWORD: &str = "a quiet mountain lake";

fn body(name: &str, email: &str) -> Value {
    json!({ "name": name, "email": email, "password": PASSWORD })
}

/// D8: An address of 254 characters can be registered, confirmed and used. One of 255 is rejected.
#[test]
fn the_longest_address_is_accepted() {
    let database = Database::fresh();
    let app = App::over(&database);
    let domain = format!("{0}.{0}.{0}.example", "d".repeat(60));
    let longest = format!(
        "{}@{domain}.{}",
        "l".repeat(50),
        "e".repeat(254 - 52 - domain.len())
    );
    assert_eq!(longest.len(), 254);
    assert_eq!(post(&app, "/auth/register", &body("Ann", &longest)).status, 202);
    let link = json!({ "token": token(&database, "confirm", &longest), "password": PASSWORD });
    assert_eq!(post(&app, "/auth/confirm", &link).status, 200);
    assert_eq!(try_log_in(&app, &longest, PASSWORD).status, 200);
    let longer = format!("l{longest}");
    assert_eq!(
        post(&app, "/auth/register", &body("Ann", &longer)).fields(400),
        ["body:email"]
    );
}

/// D6: Addresses with homographs, invisible or non-ASCII characters are rejected.
#[test]
fn homographs_are_rejected() {
    let database = Database::fresh();
    let app = App::over(&database);
    assert_eq!(
        post(&app, "/auth/register", &body("Ann", "ann@example.org")).status,
        202
    );
    for email in [
        "аnn@example.org", // Cyrillic а
        "ann@exаmple.org",
        "ａｎｎ@example.org", // full width
        "ann@example。org",   // ideographic full stop
        "ann@ｅxample.org",
        "ann\u{200b}@example.org", // zero width space
        "ann@example.org\u{202e}",
        "ann@bücher.example",
        "İann@example.org",       // lower case of İ is two characters
        "\u{212a}im@example.org", // the Kelvin sign
    ] {
        for (path, body) in [
            ("/auth/register", body("Ann", email)),
            ("/auth/forgot", json!({ "email": email })),
            ("/auth/resend", json!({ "email": email })),
        ] {
            assert_eq!(
                post(&app, path, &body).fields(400),
                ["body:email"],
                "{path} {email:?}"
            );
        }
    }
    assert_eq!(list_outbox(&database), ["confirm ann@example.org"]);
}

/// I1: Line ends and invisible characters in names are rejected. Any other name is encoded and adds no header to the mail.
#[test]
fn a_name_cannot_inject_mail_headers() {
    let database = Database::fresh();
    let app = App::over(&database);
    for name in [
        "Ann\r\nBcc: mallory@example.org",
        "Ann\nSubject: won",
        "Ann\rBcc: x",
        "a\0b",
        "a\u{85}next line",
        "a\u{2028}line",
        "\u{202e}nnA",
        "\u{feff}",
    ] {
        let response = post(&app, "/auth/register", &body(name, "ann@example.org"));
        assert_eq!(response.fields(400), ["body:name"], "{name:?}");
    }
    for email in [
        "ann@example.org\r\nBcc: x@y.org",
        "ann@example.org,x@y.org",
        "<ann@example.org>",
        "a b@example.org",
    ] {
        let response = post(&app, "/auth/register", &body("Ann", email));
        assert_eq!(response.fields(400), ["body:email"], "{email:?}");
    }
    assert!(list_outbox(&database).is_empty());
    let name = "\"Ann\" <mallory@example.org>, Bcc: x@y.org =?utf-8?q?=0A?= <b>ü</b>";
    assert_eq!(
        post(&app, "/auth/register", &body(name, "ann@example.org")).status,
        202
    );
    let mail = Mailbox::of(&database).wait("ann@example.org", "");
    assert!(mail.field("Bcc").is_empty(), "{mail:?}");
    let to = mail.field("To");
    assert!(
        to.ends_with("<ann@example.org>") || to == "ann@example.org",
        "{to}"
    );
    assert!(!mail.source.contains("<b>"), "{mail:?}");
}

/// E2, B10: Values of wrong types and oversized values are rejected by field and never cause a server error.
#[test]
fn malformed_values_are_rejected_by_field() {
    let database = Database::fresh();
    let app = App::over(&database);
    let hostile = [
        json!(null),
        json!(7),
        json!(true),
        json!([]),
        json!({}),
        json!("x".repeat(10_000)),
    ];
    for value in hostile {
        let response = post(&app, "/auth/change-email", &json!({ "token": value }));
        assert_eq!(response.fields(400), ["body:token"], "{value}");
        let response = post(
            &app,
            "/auth/confirm",
            &json!({ "token": value, "password": value }),
        );
        assert_eq!(response.fields(400), ["body:token", "body:password"], "{value}");
        let response = post(
            &app,
            "/auth/register",
            &json!({ "name": value, "email": value, "password": value }),
        );
        assert_eq!(
            response.fields(400),
            ["body:name", "body:email", "body:password"],
            "{value}"
        );
    }
}

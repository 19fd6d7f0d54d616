//! What the time of a response tells: nothing.
use crate::support::accounts::{create_account_in, post};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::medians::{MAX_SERIES, medians, ratio};
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Tries of each kind in a series.
const TRIES: usize = 15;

/// One kind of question: its name, and the body of its n-th try.
type Kind<'a> = (&'a str, &'a dyn Fn(usize) -> Value);

fn registration(email: &str) -> Value {
    json!({ "name": "Ann Example", "email": email, "password": "a quiet mountain lake" })
}

/// How much the most may differ from the least.
const ALIKE: f64 = 1.1;

/// How long each kind takes. The kinds take turns: whatever else the machine does hits all of them alike.
fn series(app: &App, path: &str, kinds: &[Kind<'_>], number: usize) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::new(); kinds.len()];
    for n in number * TRIES..(number + 1) * TRIES {
        for (kind, times) in kinds.iter().zip(&mut times) {
            let (body, begun) = ((kind.1)(n), Instant::now());
            assert_eq!(post(app, path, &body).status, 202, "{} {n}", kind.0);
            times.push(begun.elapsed());
        }
    }
    times
}

fn assert_alike(app: &App, path: &str, kinds: &[Kind<'_>]) {
    let medians = medians(ALIKE, |number| series(app, path, kinds, number));
    let told: Vec<String> = kinds
        .iter()
        .zip(&medians)
        .map(|(kind, ms)| format!("{} {ms:.1} ms", kind.0))
        .collect();
    println!("{path}: {}", told.join(", "));
    assert!(ratio(&medians) <= ALIKE, "{told:?}");
}

fn service(database: &Database) -> App {
    for n in 0..TRIES * MAX_SERIES {
        create_account_in(database, &format!("active{n}@example.org"), Role::User, "active");
        create_account_in(
            database,
            &format!("invited{n}@example.org"),
            Role::User,
            "invited",
        );
        create_account_in(
            database,
            &format!("waiting{n}@example.org"),
            Role::User,
            "unconfirmed",
        );
    }
    App::start(&database.settings(&[("MAIL_RATE_PER_NETWORK", "1000000")]))
}

/// E1: new or taken, in whatever state, once or again and again: within 10 %.
#[test]
fn registering_takes_as_long_for_a_taken_address() {
    let database = Database::fresh();
    let app = service(&database);
    assert_alike(
        &app,
        "/auth/register",
        &[
            ("new", &|n| registration(&format!("new{n}@example.org"))),
            ("active", &|n| registration(&format!("active{n}@example.org"))),
            ("invited", &|n| registration(&format!("invited{n}@example.org"))),
            ("unconfirmed", &|n| {
                registration(&format!("waiting{n}@example.org"))
            }),
            ("the same again", &|_| registration("active0@example.org")),
        ],
    );
}

/// E4, E14: known, unknown, proven: within 10 %.
#[test]
fn asking_for_a_mail_takes_as_long_for_an_unknown_address() {
    let database = Database::fresh();
    let app = service(&database);
    for path in ["/auth/resend", "/auth/forgot"] {
        let of = |state: &'static str| move |n| json!({ "email": format!("{state}{n}@example.org") });
        let (active, waiting, unknown) = (of("active"), of("waiting"), of("unknown"));
        assert_alike(
            &app,
            path,
            &[
                ("active", &active),
                ("unconfirmed", &waiting),
                ("unknown", &unknown),
            ],
        );
    }
}

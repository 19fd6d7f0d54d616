//! Response times do not reveal whether an account exists.

use crate::support::accounts::{create_account_in, post};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::medians::{MAX_SERIES, medians, ratio};
use portcullis::types::role::Role;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Measurements of each kind of request in a series.
const SERIES_LENGTH: usize = 15;

/// One kind of request: its name, and the body of its n-th measurement.
type Kind<'a> = (&'a str, &'a dyn Fn(usize) -> Value);

fn registration(email: &str) -> Value {
    json!({ "name": "Ann Example", "email": email, "password": "a quiet mountain lake" })
}

/// The maximum ratio of two medians.
const MAX_RATIO: f64 = 1.1;

/// The response times of each kind. The kinds alternate, so that other load on the machine affects all of them alike.
fn series(app: &App, path: &str, kinds: &[Kind<'_>], number: usize) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::new(); kinds.len()];
    for n in number * SERIES_LENGTH..(number + 1) * SERIES_LENGTH {
        for (kind, times) in kinds.iter().zip(&mut times) {
            let (body, start) = ((kind.1)(n), Instant::now());
            assert_eq!(post(app, path, &body).status, 202, "{} {n}", kind.0);
            times.push(start.elapsed());
        }
    }
    times
}

fn assert_equal_times(app: &App, path: &str, kinds: &[Kind<'_>]) {
    let medians = medians(MAX_RATIO, |number| series(app, path, kinds, number));
    let medians_text: Vec<String> = kinds
        .iter()
        .zip(&medians)
        .map(|(kind, ms)| format!("{} {ms:.1} ms", kind.0))
        .collect();
    println!("{path}: {}", medians_text.join(", "));
    assert!(ratio(&medians) <= MAX_RATIO, "{medians_text:?}");
}

fn service(database: &Database) -> App {
    for n in 0..SERIES_LENGTH * MAX_SERIES {
        create_account_in(database, &format!("active{n}@example.org"), Role::User, "active");
        create_account_in(
            database,
            &format!("invited{n}@example.org"),
            Role::User,
            "invited",
        );
        create_account_in(
            database,
            &format!("unconfirmed{n}@example.org"),
            Role::User,
            "unconfirmed",
        );
    }
    App::start(&database.settings(&[("MAIL_RATE_PER_NETWORK", "1000000")]))
}

/// E1: A registration takes the same time, within 10 %, for new addresses and for existing accounts in any state.
#[test]
fn registration_times_do_not_reveal_accounts() {
    let database = Database::fresh();
    let app = service(&database);
    assert_equal_times(
        &app,
        "/auth/register",
        &[
            ("new", &|n| registration(&format!("new{n}@example.org"))),
            ("active", &|n| registration(&format!("active{n}@example.org"))),
            ("invited", &|n| registration(&format!("invited{n}@example.org"))),
            ("unconfirmed", &|n| {
                registration(&format!("unconfirmed{n}@example.org"))
            }),
            ("repeated", &|_| registration("active0@example.org")),
        ],
    );
}

/// E4, E14: Requesting a mail takes the same time, within 10 %, for active, unconfirmed and unknown addresses.
#[test]
fn mail_request_times_do_not_reveal_accounts() {
    let database = Database::fresh();
    let app = service(&database);
    for path in ["/auth/resend", "/auth/forgot"] {
        let of = |state: &'static str| move |n| json!({ "email": format!("{state}{n}@example.org") });
        let (active, unconfirmed, unknown) = (of("active"), of("unconfirmed"), of("unknown"));
        assert_equal_times(
            &app,
            path,
            &[
                ("active", &active),
                ("unconfirmed", &unconfirmed),
                ("unknown", &unknown),
            ],
        );
    }
}

//! Guessing: how often, from where, and who does not pay for it.
use crate::support::accounts::{PASSWORD, account, try_log_in};
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::response::Response;
use portcullis::types::role::Role;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};

const ANN: &str = "ann@example.org";

fn setting() -> (Database, App) {
    let database = Database::fresh();
    let app = App::over(&database);
    account(&database, ANN, Role::User);
    (database, app)
}

fn guess(app: &App, email: &str) -> Response {
    try_log_in(app, email, "wrong")
}

/// The seconds of a refusal that says to wait.
fn wait_of(response: &Response) -> u32 {
    assert_eq!(
        response.problem(429)["type"],
        "urn:portcullis:problem:too-many-tries"
    );
    response.header("retry-after").parse().unwrap()
}

/// Every wait begins now: a busy machine may have taken longer to look at a guess than its first wait lasts.
fn restart_waits(database: &Database) {
    database.execute("UPDATE sessions.throttles SET blocked_until = now() + (blocked_until - updated_at), updated_at = now() WHERE blocked_until > updated_at");
}

/// Every wait is over.
fn wait_is_over(database: &Database) {
    database.execute("UPDATE sessions.throttles SET blocked_until = now()");
}

/// A try from an address of this machine other than the usual one.
fn request_from(app: &App, address: Ipv4Addr, email: &str, password: &str) -> RequestBuilder {
    let client = Client::builder()
        .no_proxy()
        .local_address(IpAddr::V4(address))
        .build()
        .unwrap();
    client
        .post(format!("http://{}/auth/login", app.address))
        .header("content-type", "application/json")
        .body(json!({ "email": email, "password": password }).to_string())
}

fn try_from(app: &App, address: Ipv4Addr, email: &str, password: &str) -> Response {
    send(request_from(app, address, email, password))
}

/// E7: five are free, then the waits double up to a quarter of an hour; whether there is such an account shows nowhere.
#[test]
fn waits_grow_and_are_the_same_for_nobodys_address() {
    let waits = |email: &str| {
        let (database, app) = setting();
        for _ in 0..6 {
            guess(&app, email).problem(401);
        }
        let mut waits = Vec::new();
        for _ in 0..12 {
            restart_waits(&database);
            waits.push(wait_of(&guess(&app, email)));
            wait_is_over(&database);
            guess(&app, email).problem(401);
        }
        waits
    };
    let known = waits(ANN);
    assert_eq!(known, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    assert_eq!(waits("nobody@example.org"), known);
}

/// E7: who is told to wait is not looked at, not even with the right password, and does not wait longer for asking.
#[test]
fn while_one_waits_nothing_is_looked_at_or_counted() {
    let (database, app) = setting();
    (0..6).for_each(|_| drop(guess(&app, ANN)));
    restart_waits(&database);
    for _ in 0..3 {
        assert_eq!(wait_of(&try_log_in(&app, ANN, PASSWORD)), 1);
    }
    std::thread::sleep(std::time::Duration::from_millis(1_050));
    assert_eq!(
        try_log_in(&app, ANN, PASSWORD).status,
        200,
        "after the second that was told"
    );
    for _ in 0..6 {
        guess(&app, ANN).problem(401);
    }
    restart_waits(&database);
    wait_of(&guess(&app, ANN));
    let events = "SELECT count(*)::text AS line FROM audit.events WHERE action = 'session.refused'";
    assert_eq!(database.lines(events), ["12"], "refusals to look are no events");
}

/// E7: signing in as often as one likes costs nothing.
#[test]
fn who_is_right_never_waits() {
    let (database, app) = setting();
    for _ in 0..40 {
        assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200);
    }
    let left = "SELECT coalesce(sum(count), 0)::text AS line FROM sessions.throttles";
    assert_eq!(database.lines(left), ["0"]);
}

/// E7: what a client says of its address is not believed.
#[test]
fn a_spoofed_address_changes_nothing() {
    let (database, app) = setting();
    let spoofing = |number: u32| {
        let request = app.request("POST", "/auth/login");
        let address = format!("198.51.100.{number}");
        let request = request
            .header("content-type", "application/json")
            .header("x-forwarded-for", &address)
            .header("x-real-ip", &address)
            .header("true-client-ip", &address)
            .header("cf-connecting-ip", &address)
            .header("forwarded", format!("for={address}"));
        send(request.body(json!({ "email": ANN, "password": "wrong" }).to_string()))
    };
    for number in 0..6 {
        spoofing(number).problem(401);
    }
    restart_waits(&database);
    for number in 6..20 {
        wait_of(&spoofing(number));
    }
}

/// E7: many guesses at once see no more than those that are free, on one replica or two.
#[test]
fn parallel_guesses_gain_nothing() {
    let (database, app) = setting();
    let other = App::over(&database);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked: Vec<_> = [&app, &other]
            .into_iter()
            .cycle()
            .take(40)
            .map(|app| scope.spawn(move || guess(app, ANN).status))
            .collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let looked_at = statuses.iter().filter(|status| **status == 401).count();
    // Five are free; the sixth begins the first wait, which is over sooner than all forty are answered on a busy machine.
    assert!((6..=8).contains(&looked_at), "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429)));
}

/// E7: right and wrong tries of one account at the same time: no count is taken for another's, whatever is forgotten while
/// others wait for it.
#[test]
fn right_and_wrong_tries_at_once_are_counted_by_what_they_are() {
    let (database, app) = setting();
    let right = try_log_in(&app, ANN, PASSWORD);
    assert_eq!(right.status, 200);
    for round in 0..6 {
        std::thread::scope(|scope| {
            for number in 0..12 {
                let app = &app;
                scope.spawn(move || match number % 4 {
                    0 => guess(app, ANN),
                    _ => try_log_in(app, ANN, PASSWORD),
                });
            }
        });
        restart_waits(&database);
        let others = "SELECT concat_ws(' ', split_part(key, ':', 1), count) AS line FROM sessions.throttles
                      WHERE key !~ '^account:[0-9a-f]+:' AND (blocked_until IS NOT NULL OR count > 30) ORDER BY 1";
        assert_eq!(database.lines(others), Vec::<String>::new(), "round {round}");
    }
}

/// E7: whoever must wait leaves no row behind, whatever address they make up.
#[test]
fn a_refused_try_leaves_no_trace() {
    let (database, app) = setting();
    guess(&app, ANN).problem(401);
    database.execute(
        "UPDATE sessions.throttles SET count = 40, blocked_until = now() + interval '1 minute' WHERE key LIKE 'network:%'",
    );
    let rows = || database.lines("SELECT count(*)::text AS line FROM sessions.throttles");
    let before = rows();
    for number in 0..5 {
        guess(&app, &format!("invented{number}@example.org")).problem(429);
    }
    assert_eq!(rows(), before);
}

/// E7: a stranger who guesses holds up nobody but the stranger.
#[test]
fn a_stranger_does_not_lock_the_owner_out() {
    let (database, app) = setting();
    let stranger = Ipv4Addr::new(127, 0, 0, 2);
    for _ in 0..6 {
        try_from(&app, stranger, ANN, "wrong").problem(401);
    }
    database.execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    wait_of(&try_from(&app, stranger, ANN, PASSWORD));
    assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200);
    wait_of(&try_from(&app, stranger, ANN, "wrong"));
}

/// E7: guesses from everywhere are held up for a minute at the most; the owner, where the owner was before, is not.
#[test]
fn guesses_from_everywhere_are_slowed_and_the_owner_is_not() {
    let (database, app) = setting();
    let everywhere = |number: u8| Ipv4Addr::new(127, 1, 0, number);
    try_from(&app, everywhere(1), ANN, "wrong").problem(401);
    database.execute("UPDATE sessions.throttles SET count = 100 WHERE key ~ '^account:[0-9a-f]+$'");
    try_from(&app, everywhere(2), ANN, "wrong").problem(401);
    restart_waits(&database);
    assert_eq!(wait_of(&try_from(&app, everywhere(3), ANN, "wrong")), 1);
    assert_eq!(
        wait_of(&try_log_in(&app, ANN, PASSWORD)),
        1,
        "never seen from here"
    );
    wait_is_over(&database);
    assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200);
    database.execute("DELETE FROM sessions.throttles");
    try_from(&app, everywhere(4), ANN, "wrong").problem(401);
    database.execute("UPDATE sessions.throttles SET count = 5000 WHERE key ~ '^account:[0-9a-f]+$'");
    try_from(&app, everywhere(5), ANN, "wrong").problem(401);
    restart_waits(&database);
    assert_eq!(wait_of(&try_from(&app, everywhere(6), ANN, "wrong")), 60);
    assert_eq!(
        try_log_in(&app, ANN, PASSWORD).status,
        200,
        "the owner was here before"
    );
}

/// E7: whoever has an account of their own does not get more guesses at others by signing in between.
#[test]
fn signing_in_does_not_clear_what_a_network_guessed_elsewhere() {
    let (database, app) = setting();
    account(&database, "mallory@example.org", Role::User);
    for number in 0..30 {
        guess(&app, &format!("victim{number}@example.org")).problem(401);
        if number % 10 == 9 {
            assert_eq!(try_log_in(&app, "mallory@example.org", PASSWORD).status, 200);
        }
    }
    guess(&app, "last@example.org").problem(401);
    restart_waits(&database);
    assert_eq!(wait_of(&guess(&app, "another@example.org")), 1);
    assert_eq!(wait_of(&try_log_in(&app, "mallory@example.org", PASSWORD)), 1);
    let elsewhere = try_from(&app, Ipv4Addr::new(127, 0, 0, 3), "mallory@example.org", PASSWORD);
    assert_eq!(elsewhere.status, 200);
}

/// E7: nothing is held against anybody for ever.
#[test]
fn counts_are_forgotten_after_an_hour() {
    let (database, app) = setting();
    (0..6).for_each(|_| drop(guess(&app, ANN).problem(401)));
    database.execute(
        "UPDATE sessions.throttles SET blocked_until = now(), updated_at = now() - interval '61 minutes'",
    );
    (0..6).for_each(|_| drop(guess(&app, ANN).problem(401)));
    restart_waits(&database);
    assert_eq!(wait_of(&guess(&app, ANN)), 1);
}

/// E7, J2: the table tells neither who was guessed at nor from where.
#[test]
fn no_address_of_any_kind_is_kept() {
    let (database, app) = setting();
    guess(&app, ANN).problem(401);
    let rows = database.lines("SELECT key AS line FROM sessions.throttles ORDER BY key");
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert!(
            !row.contains("127.0.0.1") && !row.contains("example") && !row.contains("ann@"),
            "{row}"
        );
    }
}

//! Throttling of login attempts by account and by network.

use crate::support::accounts::{PASSWORD, create_account, post, try_log_in};
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::mailed_links::token;
use crate::support::response::Response;
use portcullis::types::role::Role;
use reqwest::blocking::{Client, RequestBuilder};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};

const ANN: &str = "ann@example.org";

fn app() -> (Database, App) {
    let database = Database::fresh();
    let app = App::over(&database);
    create_account(&database, ANN, Role::User);
    (database, app)
}

fn guess(app: &App, email: &str) -> Response {
    try_log_in(app, email, "wrong")
}

/// The `Retry-After` of a throttled attempt, in seconds.
fn retry_after(response: &Response) -> u32 {
    assert_eq!(
        response.problem(429)["type"],
        "urn:portcullis:problem:too-many-attempts"
    );
    response.header("retry-after").parse().unwrap()
}

/// Restarts every delay now: on a busy machine an attempt may take longer than the first delay.
fn restart_delays(database: &Database) {
    database.execute("UPDATE sessions.throttles SET blocked_until = now() + (blocked_until - updated_at), updated_at = now() WHERE blocked_until > updated_at");
}

/// Ends every delay.
fn end_delays(database: &Database) {
    database.execute("UPDATE sessions.throttles SET blocked_until = now()");
}

/// A login attempt from another loopback address.
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

fn log_in_from(app: &App, address: Ipv4Addr, email: &str, password: &str) -> Response {
    send(request_from(app, address, email, password))
}

/// E7: After the free attempts the delays double up to 15 minutes, and are the same for an unknown address.
#[test]
fn delays_double_and_are_the_same_for_an_unknown_address() {
    let delays_of = |email: &str| {
        let (database, app) = app();
        for _ in 0..6 {
            guess(&app, email).problem(401);
        }
        let mut delays = Vec::new();
        for _ in 0..12 {
            restart_delays(&database);
            delays.push(retry_after(&guess(&app, email)));
            end_delays(&database);
            guess(&app, email).problem(401);
        }
        delays
    };
    let known = delays_of(ANN);
    assert_eq!(known, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    assert_eq!(delays_of("nobody@example.org"), known);
}

/// E7: During a delay no password is verified, not even the right one, and attempts do not extend the delay.
#[test]
fn during_a_delay_nothing_is_verified_or_counted() {
    let (database, app) = app();
    (0..6).for_each(|_| drop(guess(&app, ANN)));
    restart_delays(&database);
    for _ in 0..3 {
        assert_eq!(retry_after(&try_log_in(&app, ANN, PASSWORD)), 1);
    }
    std::thread::sleep(std::time::Duration::from_millis(1_050));
    assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200, "after the delay");
    for _ in 0..6 {
        guess(&app, ANN).problem(401);
    }
    restart_delays(&database);
    retry_after(&guess(&app, ANN));
    let events = "SELECT count(*)::text AS line FROM audit.events WHERE action = 'session.refused'";
    assert_eq!(
        database.lines(events),
        ["12"],
        "throttled attempts are not audited"
    );
}

/// E7: Successful logins are never throttled.
#[test]
fn successful_logins_are_never_throttled() {
    let (database, app) = app();
    for _ in 0..40 {
        assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200);
    }
    let counted = "SELECT coalesce(sum(count), 0)::text AS line FROM sessions.throttles";
    assert_eq!(database.lines(counted), ["0"]);
}

/// E7: Forwarding headers from a client do not change its network.
#[test]
fn forwarding_headers_do_not_change_the_network() {
    let (database, app) = app();
    let spoofed_guess = |number: u32| {
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
        spoofed_guess(number).problem(401);
    }
    restart_delays(&database);
    for number in 6..20 {
        retry_after(&spoofed_guess(number));
    }
}

/// E7: Concurrent attempts get no more than the free ones verified, also across two replicas.
#[test]
fn concurrent_guesses_gain_nothing() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    // A place in the hashing queue for each of them.
    let settings = database.settings(&[("HASH_QUEUE", "200")]);
    let (app, other) = (App::start(&settings), App::start(&settings));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guesses: Vec<_> = [&app, &other]
            .into_iter()
            .cycle()
            .take(40)
            .map(|app| scope.spawn(move || guess(app, ANN).status))
            .collect();
        guesses.into_iter().map(|guess| guess.join().unwrap()).collect()
    });
    let verified = statuses.iter().filter(|status| **status == 401).count();
    // Five are free; the sixth starts the first delay, which may end before all forty are answered on a busy machine.
    assert!((6..=8).contains(&verified), "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429)));
}

/// E7: Concurrent right and wrong attempts at one account are counted correctly, and throttle no other key.
#[test]
fn concurrent_right_and_wrong_attempts_are_counted_correctly() {
    let (database, app) = app();
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
        restart_delays(&database);
        let others = "SELECT concat_ws(' ', split_part(key, ':', 1), count) AS line FROM sessions.throttles
                      WHERE key !~ '^account:[0-9a-f]+:' AND (blocked_until IS NOT NULL OR count > 30) ORDER BY 1";
        assert_eq!(database.lines(others), Vec::<String>::new(), "round {round}");
    }
}

/// E7: A throttled attempt stores no row, so that invented addresses do not fill the table.
#[test]
fn a_throttled_attempt_stores_no_row() {
    let (database, app) = app();
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

/// E7: Wrong passwords from one network delay that network only, not the owner of the account.
#[test]
fn guesses_from_another_network_do_not_lock_the_owner_out() {
    let (database, app) = app();
    let attacker = Ipv4Addr::new(127, 0, 0, 2);
    for _ in 0..6 {
        log_in_from(&app, attacker, ANN, "wrong").problem(401);
    }
    database.execute("UPDATE sessions.throttles SET blocked_until = blocked_until + interval '1 minute'");
    retry_after(&log_in_from(&app, attacker, ANN, PASSWORD));
    assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200);
    retry_after(&log_in_from(&app, attacker, ANN, "wrong"));
}

/// E7: Distributed guesses are delayed by at most a minute; the owner, from a network of an earlier login, is not.
#[test]
fn distributed_guesses_are_delayed_and_the_owner_is_not() {
    let (database, app) = app();
    let network = |number: u8| Ipv4Addr::new(127, 1, 0, number);
    log_in_from(&app, network(1), ANN, "wrong").problem(401);
    database.execute("UPDATE sessions.throttles SET count = 100 WHERE key ~ '^account:[0-9a-f]+$'");
    log_in_from(&app, network(2), ANN, "wrong").problem(401);
    restart_delays(&database);
    assert_eq!(retry_after(&log_in_from(&app, network(3), ANN, "wrong")), 1);
    assert_eq!(
        retry_after(&try_log_in(&app, ANN, PASSWORD)),
        1,
        "there was no login from here yet"
    );
    end_delays(&database);
    assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200);
    database.execute("DELETE FROM sessions.throttles");
    log_in_from(&app, network(4), ANN, "wrong").problem(401);
    database.execute("UPDATE sessions.throttles SET count = 5000 WHERE key ~ '^account:[0-9a-f]+$'");
    log_in_from(&app, network(5), ANN, "wrong").problem(401);
    restart_delays(&database);
    assert_eq!(retry_after(&log_in_from(&app, network(6), ANN, "wrong")), 60);
    assert_eq!(
        try_log_in(&app, ANN, PASSWORD).status,
        200,
        "the owner has logged in from here"
    );
}

/// E7: Guesses spread over the addresses of a wider network are delayed together; networks that the owner logged in from are
/// not.
#[test]
fn guesses_from_a_wider_network_are_delayed_together() {
    let (database, app) = app();
    let address = |number: u8| Ipv4Addr::new(127, 5, 5, number);
    assert_eq!(log_in_from(&app, address(200), ANN, PASSWORD).status, 200);
    for number in 0..16 {
        log_in_from(&app, address(number), &format!("n{number}@example.org"), "wrong").problem(401);
    }
    // Thirty from each of sixteen addresses.
    let raised = "UPDATE sessions.throttles SET count = 480 WHERE key LIKE 'networks:%' AND count = 16";
    database.execute(raised);
    log_in_from(&app, address(17), "last@example.org", "wrong").problem(401);
    restart_delays(&database);
    assert_eq!(
        retry_after(&log_in_from(&app, address(18), "new@example.org", "wrong")),
        1
    );
    assert_eq!(
        log_in_from(&app, address(200), ANN, PASSWORD).status,
        200,
        "a known network"
    );
    log_in_from(&app, Ipv4Addr::new(127, 5, 6, 1), "other@example.org", "wrong").problem(401);
    let longest =
        "UPDATE sessions.throttles SET count = 5000, blocked_until = NULL WHERE key LIKE 'networks:%'";
    database.execute(longest);
    log_in_from(&app, address(19), "later@example.org", "wrong").problem(401);
    restart_delays(&database);
    assert_eq!(retry_after(&log_in_from(&app, address(20), ANN, "wrong")), 60);
}

/// E7, E14: While an account is under attack from everywhere, its owner gets in from a new network by a mailed link, which
/// makes that network known; guesses from elsewhere stay delayed.
#[test]
fn a_mailed_link_lets_the_owner_in_from_a_new_network() {
    let (database, app) = app();
    let attack = || {
        database.execute("DELETE FROM sessions.throttles");
        log_in_from(&app, Ipv4Addr::new(127, 8, 0, 1), ANN, "wrong").problem(401);
        database.execute(
            "UPDATE sessions.throttles SET count = 5000, blocked_until = now() + interval '1 minute'
             WHERE key ~ '^account:[0-9a-f]+$'",
        );
    };
    attack();
    retry_after(&try_log_in(&app, ANN, PASSWORD));
    assert_eq!(post(&app, "/auth/forgot", &json!({ "email": ANN })).status, 202);
    let link = token(&database, "reset", ANN);
    let new = "an entirely different sentence";
    let body = json!({ "token": link, "password": new });
    assert_eq!(post(&app, "/auth/reset", &body).status, 200);
    for _ in 0..2 {
        attack();
        assert_eq!(try_log_in(&app, ANN, new).status, 200);
        database.execute("UPDATE sessions.sessions SET network = ''");
    }
    attack();
    retry_after(&log_in_from(&app, Ipv4Addr::new(127, 8, 0, 2), ANN, new));
    database.execute("UPDATE sessions.known_networks SET proven_at = now() - interval '31 days'");
    attack();
    retry_after(&try_log_in(&app, ANN, new));
}

/// E7: Logins from a known network, which a wider network's counter spares, do not lower that counter.
#[test]
fn own_logins_do_not_lower_the_count_of_a_wider_network() {
    let (database, app) = app();
    assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200);
    guess(&app, "victim@example.org").problem(401);
    for _ in 0..3 {
        assert_eq!(try_log_in(&app, ANN, PASSWORD).status, 200);
    }
    let counts = "SELECT count::text AS line FROM sessions.throttles WHERE key LIKE 'network%' ORDER BY 1";
    assert_eq!(database.lines(counts), ["1", "1"]);
}

/// E7: Logins to an attacker's own account do not reset the count of the network.
#[test]
fn own_logins_do_not_reset_the_count_of_the_network() {
    let (database, app) = app();
    create_account(&database, "mallory@example.org", Role::User);
    for number in 0..30 {
        guess(&app, &format!("victim{number}@example.org")).problem(401);
        if number % 10 == 9 {
            assert_eq!(try_log_in(&app, "mallory@example.org", PASSWORD).status, 200);
        }
    }
    guess(&app, "last@example.org").problem(401);
    restart_delays(&database);
    assert_eq!(retry_after(&guess(&app, "another@example.org")), 1);
    assert_eq!(retry_after(&try_log_in(&app, "mallory@example.org", PASSWORD)), 1);
    let elsewhere = log_in_from(&app, Ipv4Addr::new(127, 0, 0, 3), "mallory@example.org", PASSWORD);
    assert_eq!(elsewhere.status, 200);
}

/// E7: Counts expire after an hour.
#[test]
fn counts_expire_after_an_hour() {
    let (database, app) = app();
    (0..6).for_each(|_| drop(guess(&app, ANN).problem(401)));
    database.execute(
        "UPDATE sessions.throttles SET blocked_until = now(), updated_at = now() - interval '61 minutes'",
    );
    (0..6).for_each(|_| drop(guess(&app, ANN).problem(401)));
    restart_delays(&database);
    assert_eq!(retry_after(&guess(&app, ANN)), 1);
}

/// E7, J2: The stored keys reveal neither the email address nor the network.
#[test]
fn stored_keys_reveal_no_address() {
    let (database, app) = app();
    guess(&app, ANN).problem(401);
    let rows = database.lines("SELECT key AS line FROM sessions.throttles ORDER BY key");
    assert_eq!(
        rows.len(),
        4,
        "account, account and network, network, wider network"
    );
    for row in rows {
        assert!(
            !row.contains("127.0.0.1") && !row.contains("example") && !row.contains("ann@"),
            "{row}"
        );
    }
}

//! Logins while the hashing queue is flooded.

use crate::support::accounts::{PASSWORD, create_account, log_in, try_log_in};
use crate::support::app::{App, send};
use crate::support::database::Database;
use crate::support::wait::wait_until;
use portcullis::types::role::Role;
use reqwest::blocking::Client;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const ANN: &str = "ann@example.org";

/// Networks of the attacker, and requests in flight from each.
const NETWORKS: u8 = 16;
const CLIENTS_PER_NETWORK: u32 = 6;

/// Rejections are for a full queue, however busy the machine is.
const LONG_QUEUE_TIMEOUT: (&str, &str) = ("HASH_QUEUE_TIMEOUT", "300");

fn client_from(network: u8) -> Client {
    let address = IpAddr::V4(Ipv4Addr::new(127, network, 0, 9));
    // On a busy machine a guess may wait long: hashing has the lowest priority.
    let client = Client::builder().no_proxy().timeout(None);
    client.local_address(address).build().unwrap()
}

fn guess(app: &App, client: &Client, email: &str) -> u16 {
    let body = json!({ "email": email, "password": "wrong" }).to_string();
    let request = client.post(format!("http://{}/auth/login", app.address));
    send(request.header("content-type", "application/json").body(body)).status
}

/// The number of passwords that were found to be wrong.
fn verified(database: &Database) -> usize {
    let refused = "SELECT count(*)::text AS line FROM audit.events WHERE action = 'session.refused'";
    database.lines(refused)[0].parse().unwrap()
}

/// E17: While a handful of networks floods the hashing queue, the owner logs in from a known network at once: ahead of nearly
/// all guesses that wait.
#[test]
fn a_flood_of_guesses_leaves_the_owner_a_place() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::start(&database.settings(&[LONG_QUEUE_TIMEOUT]));
    log_in(&app, ANN);
    let clients: Vec<Client> = (1..=NETWORKS).map(client_from).collect();
    let (stop, overloaded) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (app, database, stop, overloaded) = (&app, &database, &stop, &overloaded);
    let overtaken: Vec<(u16, usize)> = std::thread::scope(|scope| {
        for client in &clients {
            for number in 0..CLIENTS_PER_NETWORK {
                scope.spawn(move || {
                    for round in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let status = guess(app, client, &format!("n{number}-{round}@example.org"));
                        overloaded.fetch_add(usize::from(status == 503), Ordering::Relaxed);
                    }
                });
            }
        }
        wait_until("the queue is full", || overloaded.load(Ordering::Relaxed) > 0);
        let logins = (0..6).map(|_| {
            // Without their delays the guesses go on.
            database.execute("DELETE FROM sessions.throttles");
            let before = verified(database);
            let status = try_log_in(app, ANN, PASSWORD).status;
            (status, verified(database) - before)
        });
        let logins = logins.collect();
        stop.store(true, Ordering::Relaxed);
        logins
    });
    for (status, guesses) in &overtaken {
        assert_eq!(*status, 200, "{overtaken:?}");
        assert!(*guesses < 16, "more than 40 guesses wait: {overtaken:?}");
    }
}

/// E17: One network cannot fill the hashing queue.
#[test]
fn a_flood_from_one_network_leaves_others_places() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::start(&database.settings(&[("HASH_QUEUE", "15"), LONG_QUEUE_TIMEOUT]));
    let (attacker, owner) = (client_from(1), client_from(2));
    let stop = AtomicBool::new(false);
    let (app, stop, attacker) = (&app, &stop, &attacker);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..24)
            .map(|number| {
                scope.spawn(move || {
                    let mut overloaded = 0;
                    for round in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let status = guess(app, attacker, &format!("n{number}-{round}@example.org"));
                        overloaded += usize::from(status == 503);
                    }
                    overloaded
                })
            })
            .collect();
        let statuses = (0..6).map(|_| guess(app, &owner, ANN)).collect();
        stop.store(true, Ordering::Relaxed);
        let overloaded: usize = guesses.into_iter().map(|guess| guess.join().unwrap()).sum();
        assert!(overloaded > 0);
        statuses
    });
    assert_eq!(statuses, [401; 6]);
}

/// E17, E7: An attempt that must wait anyway is answered 429 while the queue is full, and takes no place in it.
#[test]
fn a_throttled_attempt_takes_no_place() {
    let database = Database::fresh();
    create_account(&database, ANN, Role::User);
    let app = App::start(&database.settings(&[("HASH_QUEUE", "3"), LONG_QUEUE_TIMEOUT]));
    let (attacker, blocked) = (client_from(1), client_from(2));
    for _ in 0..6 {
        assert_eq!(guess(&app, &blocked, ANN), 401);
    }
    database.execute(
        "UPDATE sessions.throttles SET blocked_until = now() + interval '1 hour' WHERE blocked_until IS NOT NULL",
    );
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        for number in 0..12 {
            let (app, attacker) = (&app, &attacker);
            scope.spawn(move || {
                for round in 0..10 {
                    guess(app, attacker, &format!("n{number}-{round}@example.org"));
                }
            });
        }
        (0..30).map(|_| guess(&app, &blocked, ANN)).collect()
    });
    assert_eq!(statuses, [429; 30]);
}

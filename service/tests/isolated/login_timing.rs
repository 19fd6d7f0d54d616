//! The duration of a rejected login does not depend on the reason.

use crate::exclusive;
use crate::support::accounts::{PASSWORD, create_account, create_account_in, try_log_in};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::medians::{medians, ratio};
use crate::support::wait::wait_until;
use portcullis::types::role::Role;
use std::time::{Duration, Instant};

/// Attempts of each kind.
const ATTEMPTS: usize = 200;

/// Concurrent clients: few enough that their passwords do not queue for hashing.
const CLIENTS: usize = 5;

/// The largest accepted ratio between two medians.
const MAX_RATIO: f64 = 1.10;

/// The same where the stored hash is cheaper than today's parameters and a second hash makes up the difference: it allocates
/// its memory again, which is expensive on some machines. Without the second hash the ratio would be 2.
const MAX_RATIO_WHEN_REHASHING: f64 = 1.5;

/// A kind of attempt: its name, email address and password.
type Kind = (&'static str, String, &'static str);

/// The basic kinds of attempt, against the account of this number.
fn basic_kinds(number: usize) -> Vec<Kind> {
    let ann = format!("ann{number}@example.org");
    vec![
        (
            "unknown",
            format!("unknown{number}@example.org"),
            "some wrong password",
        ),
        ("wrong", ann.clone(), "some wrong password"),
        ("empty", ann, ""),
    ]
}

/// Measures attempts of each kind. The kinds alternate, each round starting with another one, so that other load on the
/// machine affects all of them equally. Clearing the throttles keeps attempts from being delayed.
fn measure(
    database: &Database,
    app: &App,
    kinds: &[Kind],
    rounds: usize,
    meter: impl Fn() -> Duration,
) -> Vec<Vec<Duration>> {
    let mut measured = vec![Vec::new(); kinds.len()];
    for round in 0..rounds {
        database.execute("DELETE FROM sessions.throttles");
        for offset in 0..kinds.len() {
            let kind = (round + offset) % kinds.len();
            let (_, email, password) = &kinds[kind];
            let before = meter();
            let response = try_log_in(app, email, password);
            measured[kind].push(meter() - before);
            assert_eq!(response.status, 401, "{response:?}");
        }
    }
    measured
}

fn assert_similar(
    what: &str,
    kinds: &[Kind],
    max_ratio: f64,
    mut series: impl FnMut() -> Vec<Vec<Duration>>,
) {
    let medians = medians(max_ratio, |_| series());
    for ((name, ..), median) in kinds.iter().zip(&medians) {
        println!("{what}, {name}: median {median:.2} ms");
    }
    assert!(
        medians.iter().all(|median| *median > 5.0),
        "no password was hashed: {medians:?}"
    );
    assert!(ratio(&medians) <= max_ratio, "{what}: {medians:?}");
}

/// CPU time of each hashing thread of this process, which other load on the machine does not change.
fn hashing_threads() -> Vec<Duration> {
    let mut times = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let folder = task.unwrap().path();
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        if read("comm").starts_with("hashing-") {
            let stat = read("schedstat");
            times.push(Duration::from_nanos(
                stat.split(' ').next().unwrap().parse().unwrap(),
            ));
        }
    }
    times
}

fn hashing_cpu_time() -> Duration {
    hashing_threads().iter().sum()
}

/// E6: Logins with an unknown address, a wrong password and an empty password take the same time, as a client measures it.
#[test]
fn unknown_address_wrong_and_empty_password_are_rejected_after_the_same_time() {
    let _exclusive = exclusive();
    let database = Database::fresh();
    let app = App::over(&database);
    let start = Instant::now();
    let rounds = ATTEMPTS / CLIENTS;
    let attempts: Vec<Vec<Kind>> = (0..CLIENTS).map(basic_kinds).collect();
    for number in 0..CLIENTS {
        create_account(&database, &format!("ann{number}@example.org"), Role::User);
    }
    let series = || {
        let parts: Vec<Vec<Vec<Duration>>> = std::thread::scope(|scope| {
            let run = |kinds| measure(&database, &app, kinds, rounds, || start.elapsed());
            let client = |kinds| scope.spawn(move || run(kinds));
            let clients: Vec<_> = attempts.iter().map(Vec::as_slice).map(client).collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        let of = |kind: usize| parts.iter().flat_map(move |part| part[kind].clone());
        (0..attempts[0].len()).map(|kind| of(kind).collect()).collect()
    };
    assert_similar("response after", &attempts[0], MAX_RATIO, series);
}

/// E6: The hashing work is the same for an unknown address, a wrong or empty password, every state of an account, and a hash
/// with outdated parameters, so that load on the machine does not reveal the difference either.
#[test]
fn rejected_logins_cost_the_same_hashing_work() {
    let _exclusive = exclusive();
    let database = Database::fresh();
    create_account(&database, "ann0@example.org", Role::User);
    create_account_in(&database, "unconfirmed@example.org", Role::User, "unconfirmed");
    create_account_in(&database, "invited@example.org", Role::User, "invited");
    database.execute(
        "DELETE FROM accounts.credentials WHERE account_id =
           (SELECT id FROM accounts.accounts WHERE email = 'invited@example.org')",
    );
    let mut kinds = basic_kinds(0);
    let app = App::start(&database.settings(&[("HASH_ITERATIONS", "4")]));
    let two = &kinds[..2];
    assert_similar("rehashed for", two, MAX_RATIO_WHEN_REHASHING, || {
        measure(&database, &app, two, 24, hashing_cpu_time)
    });
    drop(app);
    wait_until("its hashing threads end", || hashing_threads().is_empty());
    kinds.push(("invited", "invited@example.org".into(), PASSWORD));
    kinds.push(("unconfirmed", "unconfirmed@example.org".into(), PASSWORD));
    let app = App::over(&database);
    assert_similar("hashed for", &kinds, MAX_RATIO, || {
        measure(&database, &app, &kinds, 24, hashing_cpu_time)
    });
}

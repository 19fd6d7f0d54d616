//! How long a refusal takes tells nothing about why.
use crate::alone;
use crate::support::accounts::{PASSWORD, account, account_in, try_log_in};
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::medians::{medians, spread};
use crate::support::outbox::until;
use portcullis::types::role::Role;
use std::time::{Duration, Instant};

/// Tries of each kind.
const TRIES: usize = 200;

/// Clients that try at the same time: fewer than would wait for each other's passwords.
const CLIENTS: usize = 5;

/// How much the most may differ from the least.
const ALIKE: f64 = 1.10;

/// The same where a hash was made with less than is asked for today, and the rest is spent by a second one, in memory that
/// has to be got once more: on some machines that is dear. Unspent, the work would be half as much.
const NEARLY: f64 = 1.5;

/// A kind of try: its name, address and password.
type Kind = (&'static str, String, &'static str);

/// The kinds that everybody thinks of first, at an account of this number.
fn kinds(number: usize) -> Vec<Kind> {
    let ann = format!("ann{number}@example.org");
    vec![
        (
            "unknown",
            format!("nobody{number}@example.org"),
            "some wrong password",
        ),
        ("wrong", ann.clone(), "some wrong password"),
        ("empty", ann, ""),
    ]
}

/// Measures tries of each kind. The kinds take turns, each time another one first, so that whatever else the machine does
/// hits all of them alike. Nobody is held up for guessing.
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
        for turn in 0..kinds.len() {
            let kind = (round + turn) % kinds.len();
            let (_, email, password) = &kinds[kind];
            let before = meter();
            let response = try_log_in(app, email, password);
            measured[kind].push(meter() - before);
            assert_eq!(response.status, 401, "{response:?}");
        }
    }
    measured
}

fn assert_alike(what: &str, kinds: &[Kind], alike: f64, mut series: impl FnMut() -> Vec<Vec<Duration>>) {
    let medians = medians(alike, |_| series());
    for ((name, ..), median) in kinds.iter().zip(&medians) {
        println!("{what}, {name}: median {median:.2} ms");
    }
    assert!(
        medians.iter().all(|median| *median > 5.0),
        "nothing was hashed: {medians:?}"
    );
    assert!(spread(&medians) <= alike, "{what}: {medians:?}");
}

/// Time that each hashing thread of this process has worked. What else the machine does changes nothing about it.
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

fn hashed() -> Duration {
    hashing_threads().iter().sum()
}

/// E6: as whoever guesses measures it.
#[test]
fn unknown_wrong_and_empty_passwords_are_refused_after_the_same_time() {
    let _alone = alone();
    let database = Database::fresh();
    let app = App::over(&database);
    let begun = Instant::now();
    let rounds = TRIES / CLIENTS;
    let people: Vec<Vec<Kind>> = (0..CLIENTS).map(kinds).collect();
    for number in 0..CLIENTS {
        account(&database, &format!("ann{number}@example.org"), Role::User);
    }
    let series = || {
        let parts: Vec<Vec<Vec<Duration>>> = std::thread::scope(|scope| {
            let try_all = |kinds| measure(&database, &app, kinds, rounds, || begun.elapsed());
            let client = |kinds| scope.spawn(move || try_all(kinds));
            let clients: Vec<_> = people.iter().map(Vec::as_slice).map(client).collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        let of = |kind: usize| parts.iter().flat_map(move |part| part[kind].clone());
        (0..people[0].len()).map(|kind| of(kind).collect()).collect()
    };
    assert_alike("answered after", &people[0], ALIKE, series);
}

/// E6: the work behind the answers is the same too, so that no answer is late when the machine has more to do: for nobody,
/// for wrong and empty passwords, in every state of an account, and where a hash was made with less than is asked for today.
#[test]
fn as_much_is_hashed_whatever_there_is_to_compare_with() {
    let _alone = alone();
    let database = Database::fresh();
    account(&database, "ann0@example.org", Role::User);
    account_in(&database, "unconfirmed@example.org", Role::User, "unconfirmed");
    account_in(&database, "invited@example.org", Role::User, "invited");
    database.execute(
        "DELETE FROM accounts.credentials WHERE account_id =
           (SELECT id FROM accounts.accounts WHERE email = 'invited@example.org')",
    );
    let mut kinds = kinds(0);
    let app = App::start(&database.settings(&[("HASH_ITERATIONS", "4")]));
    let two = &kinds[..2];
    assert_alike("hashed anew for", two, NEARLY, || {
        measure(&database, &app, two, 24, hashed)
    });
    drop(app);
    until("its hashing threads end", || hashing_threads().is_empty());
    kinds.push(("invited", "invited@example.org".into(), PASSWORD));
    kinds.push(("unconfirmed", "unconfirmed@example.org".into(), PASSWORD));
    let app = App::over(&database);
    assert_alike("hashed for", &kinds, ALIKE, || {
        measure(&database, &app, &kinds, 24, hashed)
    });
}

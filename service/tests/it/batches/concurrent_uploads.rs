//! Uploads beside each other on several replicas, and beside places that move.

use crate::support::accounts::get_as;
use crate::support::app::App;
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::upload::{app, assert_sums, csv, database, price_count, token, upload, wait_for_end};
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;

/// Prices of the sample data.
const SAMPLE: i64 = 14;

const MOVE_TO_EUROPE: &str = "UPDATE rates.regions SET parent_slug = 'europe' WHERE slug = 'china_main'";

const MOVE_TO_ASIA: &str = "UPDATE rates.regions SET parent_slug = 'asia' WHERE slug = 'china_main'";

/// Sessions that wait for the sums.
const WAITING: &str = "SELECT pid::text AS line FROM pg_locks
    WHERE relation = 'rates.daily_rates'::regclass AND mode = 'ShareRowExclusiveLock' AND NOT granted";

/// The prices of a whole region, summed.
fn count_from(database: &Database, region: &str) -> String {
    let statement = format!(
        "SELECT coalesce(sum(price_count), 0)::text AS line FROM rates.daily_rates
         WHERE origin = '{region}' AND destination = 'FIHEL' AND day BETWEEN '2022-01-01' AND '2022-12-31'"
    );
    database.lines(&statement)[0].clone()
}

/// Waits until the batch is committed.
fn assert_committed(app: &App, token: &str, location: &str) {
    let batch = wait_for_end(app, token, location);
    assert_eq!(batch["state"], "committed", "{batch}");
}

/// C3: Of requests with one key at two replicas at the same time one has an effect. Equal ones have the same batch, others are rejected.
#[test]
fn one_key_at_two_replicas_has_one_effect() {
    let database = database();
    let (here, there) = (app(&database), app(&database));
    let tokens = [token(&here), token(&there)];
    let mut expected = SAMPLE;
    for round in 0..5 {
        let key = format!("round {round}");
        let (one, other) = (csv(300 + round), csv(400 + round));
        let responses = concurrently(12, |index| {
            let app = [&here, &there][index % 2];
            let text = if index < 8 { &one } else { &other };
            upload(app, &tokens[index % 2], &key, text)
        });
        let mut accepted = Vec::new();
        for (index, response) in responses.iter().enumerate() {
            match response.status {
                200 | 202 => accepted.push((index < 8, response.header("location").to_owned())),
                409 => assert!(response.text().contains("idempotency-key-in-use"), "{response:?}"),
                422 => assert!(response.text().contains("idempotency-key-reused"), "{response:?}"),
                _ => panic!("{response:?}"),
            }
        }
        assert!(!accepted.is_empty(), "{responses:?}");
        assert!(accepted.iter().all(|one| *one == accepted[0]), "{accepted:?}");
        let (is_one, location) = &accepted[0];
        assert_committed(&there, &tokens[1], location);
        expected += if *is_one { 300 } else { 400 } + i64::try_from(round).unwrap();
        assert_eq!(price_count(&database), expected);
        let text = if *is_one { &one } else { &other };
        let again = upload(&there, &tokens[1], &key, text);
        assert_eq!((again.status, again.header("location")), (200, location.as_str()));
    }
    let uploads = database.lines("SELECT count(*)::text AS line FROM rates.uploads");
    assert_eq!(uploads, ["5"]);
    assert_sums(&database);
}

/// C1, C6: A region that moves before a batch is stored, or between its prices and its commit, has the prices of the batch in its new place.
#[test]
fn a_region_that_moves_while_a_batch_is_stored_has_its_prices() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let mut mover = database.admin();
    mover.batch_execute(&format!("BEGIN; {MOVE_TO_EUROPE}")).unwrap();
    let first = upload(&app, &token, "1", &csv(100)).header("location").to_owned();
    wait_until("the job waits for the move", || {
        database.lines(WAITING).len() == 1
    });
    mover.batch_execute("COMMIT").unwrap();
    assert_committed(&app, &token, &first);
    assert_eq!(
        (count_from(&database, "europe"), count_from(&database, "asia")),
        ("100".into(), "0".into())
    );
    assert_sums(&database);

    // The job first waits for this lock, so that its row can be locked, for which it waits before it commits.
    let (mut sums, mut row) = (database.admin(), database.admin());
    sums.batch_execute("BEGIN; LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE")
        .unwrap();
    let second = upload(&app, &token, "2", &csv(200)).header("location").to_owned();
    wait_until("the job waits for the sums", || {
        database.lines(WAITING).len() == 1
    });
    let id = second.rsplit('/').next().unwrap();
    row.batch_execute(&format!(
        "BEGIN; SELECT FROM rates.uploads WHERE id = {id} FOR UPDATE"
    ))
    .unwrap();
    sums.batch_execute("COMMIT").unwrap();
    let committing = "SELECT pid::text AS line FROM pg_locks l WHERE relation = 'rates.daily_rates'::regclass
         AND mode = 'ShareRowExclusiveLock' AND granted
         AND EXISTS (SELECT FROM pg_locks w WHERE w.pid = l.pid AND NOT w.granted)";
    wait_until("the job waits for its row", || {
        database.lines(committing).len() == 1
    });
    scope(|scope| {
        let moved = scope.spawn(|| database.execute(MOVE_TO_ASIA));
        wait_until("the move waits for the job", || {
            database.lines(WAITING).len() == 1
        });
        assert_eq!(count_from(&database, "europe"), "100", "nothing is committed");
        row.batch_execute("COMMIT").unwrap();
        moved.join().unwrap();
    });
    assert_committed(&app, &token, &second);
    assert_eq!(
        (count_from(&database, "europe"), count_from(&database, "asia")),
        ("0".into(), "300".into())
    );
    assert_sums(&database);
}

/// C1, C6: Whatever regions and ports move while batches are stored, the sums are those of the prices.
#[test]
fn sums_are_right_while_places_move() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let is_done = AtomicBool::new(false);
    let moves = scope(|scope| {
        let mover = scope.spawn(|| {
            let mut moves = 0;
            while !is_done.load(Ordering::Relaxed) {
                for statement in [
                    MOVE_TO_EUROPE,
                    "UPDATE rates.ports SET parent_slug = 'asia' WHERE code = 'FIHEL'",
                    MOVE_TO_ASIA,
                    "UPDATE rates.ports SET parent_slug = 'baltic' WHERE code = 'FIHEL'",
                ] {
                    database.execute(statement);
                    moves += 1;
                }
            }
            moves
        });
        let locations: Vec<String> = (0..8)
            .map(|number| {
                let accepted = upload(&app, &token, &number.to_string(), &csv(3_000 + number));
                accepted.header("location").to_owned()
            })
            .collect();
        let ends: Vec<_> = locations
            .iter()
            .map(|path| wait_for_end(&app, &token, path))
            .collect();
        is_done.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(|batch| batch["state"] == "committed"), "{ends:?}");
        mover.join().unwrap()
    });
    println!("{moves} moves");
    assert!(moves >= 8, "{moves}");
    assert_eq!(price_count(&database), SAMPLE + 8 * 3_000 + 28);
    assert_sums(&database);
    assert_eq!(get_as(&app, &token, "/rates/batches").status, 200);
}

//! Uploads whose process dies or stops: never a part of a batch, and the job ends in a final state.

use crate::support::accounts::get_as;
use crate::support::app::App;
use crate::support::upload::{
    PartialUpload, app, assert_sums, csv, database, price_count, start_process, token, upload,
    upload_and_wait, wait_for_end,
};
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;
use std::time::Duration;

/// C4: After `kill -9` at any moment the batch is stored whole or not at all, and another process brings it to its end.
#[test]
fn a_killed_process_leaves_no_part_of_a_batch() {
    let database = database();
    for round in 0..10_u64 {
        let before = price_count(&database);
        let text = csv(20_000 + usize::try_from(round).unwrap());
        let process = start_process(&database);
        let app = App::of_process(&process);
        let accepted = upload(&app, &token(&app), &format!("round {round}"), &text);
        assert_eq!(accepted.status, 202, "{accepted:?}");
        let location = accepted.header("location").to_owned();
        std::thread::sleep(Duration::from_millis(round * 60));
        process.signal("-KILL");
        process.wait();
        let rows = price_count(&database) - before;
        assert!(
            [0, 20_000 + i64::try_from(round).unwrap()].contains(&rows),
            "round {round}: {rows}"
        );
        // The lease is over at once, instead of after 15 seconds.
        database.execute("UPDATE rates.uploads SET lease_until = now() WHERE lease_until IS NOT NULL");
        let process = start_process(&database);
        let app = App::of_process(&process);
        let batch = wait_for_end(&app, &token(&app), &location);
        assert_eq!(batch["state"], "committed", "round {round}: {batch}");
        assert_eq!(
            price_count(&database) - before,
            batch["rows_total"].as_i64().unwrap()
        );
        assert_sums(&database);
        process.terminate();
        process.wait();
    }
}

/// C4: The lease of a killed process ends by itself.
#[test]
fn a_lease_ends_by_itself() {
    let database = database();
    let process = start_process(&database);
    let here = App::of_process(&process);
    let mut blocker = database.admin();
    let lock = "BEGIN; LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE";
    blocker.batch_execute(lock).unwrap();
    let accepted = upload(&here, &token(&here), "1", &csv(10));
    let location = accepted.header("location").to_owned();
    wait_until("it runs", || {
        get_as(&here, &token(&here), &location).json()["state"] == "running"
    });
    process.signal("-KILL");
    process.wait();
    blocker.batch_execute("COMMIT").unwrap();
    let there = app(&database);
    let batch = wait_for_end(&there, &token(&there), &location);
    assert_eq!(batch["state"], "committed", "{batch}");
}

/// C4: A job whose owner dies again and again ends as failed.
#[test]
fn a_job_that_kills_its_owners_ends() {
    let database = database();
    database.execute(
        "INSERT INTO rates.uploads (subject, idempotency_key, digest, format, coding, dry_run, state, crashes, lease_until)
         VALUES ('1', 'k', decode(repeat('00', 32), 'hex'), 'csv', 'identity', false, 'running', 2, now() - interval '1 s')",
    );
    let app = app(&database);
    let batch = wait_for_end(&app, &token(&app), "/rates/batches/2");
    assert_eq!(batch["state"], "failed", "{batch}");
    assert!(
        batch["upload"]["reason"]
            .as_str()
            .unwrap()
            .contains("stopped 3 times"),
        "{batch}"
    );
    let keys =
        database.lines("SELECT count(*)::text AS line FROM rates.uploads WHERE idempotency_key IS NOT NULL");
    assert_eq!(keys, ["0"], "the same request can be repeated");
}

/// C4: Two replicas share the jobs, and each batch is stored once.
#[test]
fn two_replicas_share_the_jobs() {
    let database = database();
    let before = price_count(&database);
    let (here, there) = (app(&database), app(&database));
    let (here_token, there_token) = (token(&here), token(&there));
    let locations: Vec<String> = (0..12)
        .map(|number| {
            let (app, token) = if number % 2 == 0 {
                (&here, &here_token)
            } else {
                (&there, &there_token)
            };
            let accepted = upload(app, token, &format!("key {number}"), &csv(100 + number));
            assert_eq!(accepted.status, 202, "{accepted:?}");
            accepted.header("location").to_owned()
        })
        .collect();
    for location in &locations {
        assert_eq!(wait_for_end(&there, &there_token, location)["state"], "committed");
    }
    let expected: i64 = (0..12).map(|number| 100 + number).sum();
    assert_eq!(price_count(&database) - before, expected);
    assert_sums(&database);
}

/// C3: The key of an upload whose body is cut off is free again, at once if the client leaves, and after the lease if the process died.
#[test]
fn the_key_of_an_incomplete_upload_is_free_again() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let sending = PartialUpload::begin(&app, &token, "left");
    let path = sending.path(&database);
    drop(sending);
    let failed = wait_for_end(&app, &token, &path);
    assert_eq!(
        failed["upload"]["reason"],
        "the request body was not received completely"
    );
    assert_eq!(upload_and_wait(&app, &token, "left", &csv(2)).status, 200);
    database.execute(
        "INSERT INTO rates.uploads (subject, idempotency_key, format, coding, dry_run, lease_until)
         SELECT subject, 'dead', 'json', 'gzip', true, now() - interval '1 s' FROM rates.uploads LIMIT 1",
    );
    assert_eq!(upload_and_wait(&app, &token, "dead", &csv(3)).status, 200);
    assert_eq!(price_count(&database), 14 + 2 + 3);
}

/// C3: A key expires a day after the end of its upload.
#[test]
fn a_key_expires() {
    let database = database();
    let first = app(&database);
    let first_token = token(&first);
    for key in ["old", "new"] {
        assert_eq!(upload_and_wait(&first, &first_token, key, &csv(2)).status, 200);
    }
    database.execute(
        "UPDATE rates.uploads SET ended_at = now() - interval '25 hours' WHERE idempotency_key = 'old'",
    );
    first.stop();
    // A worker cleans up when it starts.
    let second = app(&database);
    let second_token = token(&second);
    wait_until("the key has expired", || {
        database.lines("SELECT count(*)::text AS line FROM rates.uploads WHERE idempotency_key = 'old'")
            == ["0"]
    });
    assert_eq!(
        upload_and_wait(&second, &second_token, "old", &csv(3)).status,
        200
    );
    upload(&second, &second_token, "new", &csv(3)).problem(422);
}

//! Uploads while the database restarts, lacks space, or cancels a statement: stored whole or not at all, with the reason.

use crate::support::accounts::get_as;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::metric::metric;
use crate::support::own_postgres::HeldLocks;
use crate::support::raw_connection::RawConnection;
use crate::support::sample_data::QUERY;
use crate::support::small_disk::SmallDisk;
use crate::support::upload::{
    PartialUpload, app, assert_sums, csv, database, database_on_own_server, price_count, token, upload,
    upload_and_wait, wait_for_end,
};
use crate::support::wait::{wait_until, wait_until_within};
use diesel::connection::SimpleConnection;
use harness::test_results::ignored;
use serde_json::Value;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Prices of the sample data.
const SAMPLE: i64 = 14;

/// The same lock as an import has.
const LOCK_SUMS: &str = "LOCK TABLE rates.daily_rates IN SHARE ROW EXCLUSIVE MODE";

/// Jobs that wait for the sums.
const WAITING: &str = "SELECT pid::text AS line FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'portcullis-ingest' AND wait_event_type = 'Lock' AND query LIKE '%lock_sums%'";

/// Waits until the batch is in a final state, although the database may be unavailable meanwhile.
fn wait_through_outage(app: &App, token: &str, path: &str) -> Value {
    let mut last = Value::Null;
    wait_until_within(Duration::from_secs(60), "the batch is in a final state", || {
        let response = get_as(app, token, path);
        assert!([200, 503].contains(&response.status), "{response:?}");
        last = response.json();
        let state = last["state"].as_str().unwrap_or("running");
        !["receiving", "queued", "running"].contains(&state)
    });
    last
}

/// The head of an upload.
fn head(token: &str, key: &str, length: usize) -> String {
    format!(
        "POST /rates/batches HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: text/csv\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// Asserts that an upload of these prices fails for this reason and changes nothing.
fn assert_fails(app: &App, database: &Database, token: &str, key: &str, text: &str, reason: &str) {
    let before = price_count(database);
    let accepted = upload(app, token, key, text);
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let batch = wait_for_end(app, token, accepted.header("location"));
    assert_eq!(batch["state"], "failed", "{batch}");
    assert_eq!(batch["upload"]["reason"], reason, "{batch}");
    assert_eq!(price_count(database), before);
    assert_sums(database);
    assert_eq!(app.get(QUERY).status, 200);
}

/// C4, B16: After a restart of the database, in whatever moment of a job, the batch is stored whole; the job is repeated at once, not
/// when its lease ends.
#[test]
fn a_restart_of_the_database_leaves_no_part_of_a_batch() {
    let (mut cluster, database) = database_on_own_server();
    let app = app(&database);
    let token = token(&app);
    for round in 0..8_u32 {
        let before = price_count(&database);
        let count = 20_000 + i64::from(round);
        let text = csv(usize::try_from(count).unwrap());
        let accepted = upload(&app, &token, &format!("round {round}"), &text);
        assert_eq!(accepted.status, 202, "{accepted:?}");
        sleep(round * Duration::from_millis(200));
        cluster.stop().unwrap();
        cluster.resume().unwrap();
        let start = Instant::now();
        let stored = price_count(&database) - before;
        assert!([0, count].contains(&stored), "round {round}: {stored}");
        let batch = wait_through_outage(&app, &token, accepted.header("location"));
        println!(
            "round {round}: {stored} prices at once, the end after {:?}",
            start.elapsed()
        );
        assert_eq!(batch["state"], "committed", "round {round}: {batch}");
        assert!(
            start.elapsed() < Duration::from_secs(12),
            "round {round}: {:?}",
            start.elapsed()
        );
        assert_eq!(price_count(&database) - before, count, "round {round}");
        assert_sums(&database);
    }
    let crashes = database.lines("SELECT DISTINCT crashes::text AS line FROM rates.uploads");
    assert_eq!(crashes, ["0"], "no process died");
}

/// C4, B16: A job that waits for the sums while the database restarts, and an upload whose body is being received, are stored.
#[test]
fn waiting_and_received_uploads_survive_a_restart_of_the_database() {
    let (mut cluster, database) = database_on_own_server();
    let app = App::start(&database.settings(&[("UPLOADS", "on"), ("CLIENT_TIMEOUT", "60")]));
    let token = token(&app);
    let locks = HeldLocks::acquire(&database.server, LOCK_SUMS);
    let waiting = upload(&app, &token, "waits", &csv(100));
    wait_until("the job waits", || database.lines(WAITING).len() == 1);
    let mut receiving = PartialUpload::begin(&app, &token, "received");
    let path = receiving.path(&database);
    for _ in 0..4 {
        cluster.stop().unwrap();
        cluster.resume().unwrap();
        wait_until("the job waits again", || database.lines(WAITING).len() == 1);
        let batch = get_as(&app, &token, waiting.header("location")).json();
        assert_eq!(batch["state"], "running", "{batch}");
    }
    assert_eq!(receiving.finish().status, 202);
    locks.release();
    for path in [waiting.header("location"), &path] {
        let batch = wait_through_outage(&app, &token, path);
        assert_eq!(batch["state"], "committed", "{batch}");
    }
    assert_eq!(price_count(&database), SAMPLE + 100 + 2);
    assert_sums(&database);
}

/// C3, B16: A body that cannot be stored because the database is unavailable is answered 503, and its key is free soon after the outage.
#[test]
fn a_body_that_cannot_be_stored_frees_its_key() {
    let (mut cluster, database) = database_on_own_server();
    let settings = [("UPLOADS", "on"), ("DATABASE_ACQUIRE_TIMEOUT", "400")];
    let app = App::start(&database.settings(&settings));
    let token = token(&app);
    let body = csv(40_000);
    // More than a part.
    let (first, rest) = body.split_at(400_000);
    let mut raw = RawConnection::connect(app.address);
    assert!(raw.send(head(&token, "k", body.len()) + first));
    let parts = "SELECT count(*)::text AS line FROM rates.upload_parts";
    wait_until("a part is stored", || database.lines(parts) == ["1"]);
    cluster.stop().unwrap();
    raw.send(rest);
    raw.read_response().unwrap().problem(503);
    cluster.resume().unwrap();
    wait_until("the upload has failed", || {
        database.lines("SELECT state AS line FROM rates.uploads") == ["failed"]
    });
    assert_eq!(upload_and_wait(&app, &token, "k", &body).status, 200);
    assert_eq!(price_count(&database), SAMPLE + 40_000);
}

/// C2, C4: While the disk of the bodies is full an upload is answered 503; while that of the prices is full it fails with the reason.
/// Nothing is stored, reads go on, and when there is space the same prices are stored.
#[test]
fn an_upload_on_a_full_disk_stores_nothing() {
    let disk = match SmallDisk::mount(3) {
        Ok(disk) => disk,
        Err(reason) => return ignored::report(&reason),
    };
    let (_cluster, database) = database_on_own_server();
    let app = app(&database);
    let token = token(&app);
    database.execute(&disk.create_tablespace("small"));
    let move_to = |table: &str, tablespace: &str| {
        database.execute(&format!("ALTER TABLE {table} SET TABLESPACE {tablespace}"));
    };

    move_to("rates.upload_parts", "small");
    // Sent by hand: the response precedes the end of the body.
    let body = csv(300_000);
    let mut raw = RawConnection::connect(app.address);
    assert!(raw.send(head(&token, "k", body.len())));
    let mut writer = RawConnection(raw.0.try_clone().unwrap());
    let sending = std::thread::spawn(move || writer.send(body));
    let refused = raw.read_response().unwrap();
    refused.problem(503);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    drop(raw);
    sending.join().unwrap();
    let state = "SELECT concat_ws(' ', state, idempotency_key, reason) AS line FROM rates.uploads";
    wait_until("the upload has failed", || {
        database.lines(state) == ["failed the request body was not received completely"]
    });
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM rates.upload_parts"),
        ["0"]
    );
    assert_eq!(app.get(QUERY).status, 200);
    assert_eq!(app.get("/health/ready").status, 200);

    move_to("rates.upload_parts", "pg_default");
    move_to("rates.prices", "small");
    let reason = "the database server lacks disk space or memory";
    for round in ["1", "2"] {
        assert_fails(&app, &database, &token, round, &csv(100_000), reason);
    }
    assert_eq!(metric(&app, "uploads_ended_total", &["interrupted"]), 0.0);
    assert_eq!(metric(&app, "uploads_ended_total", &["failed"]), 2.0);

    move_to("rates.prices", "pg_default");
    let accepted = upload(&app, &token, "k", &csv(100_000));
    let batch = wait_for_end(&app, &token, accepted.header("location"));
    assert_eq!(batch["state"], "committed", "{batch}");
    assert_eq!(price_count(&database), SAMPLE + 100_000);
    assert_sums(&database);
}

/// C4: An upload for which the server has too few temporary files (SQLSTATE 53400) fails with the reason.
#[test]
fn an_upload_beyond_the_space_for_temporary_files_fails() {
    let database = database();
    let limit = |name: &str, value: &str| format!("ALTER DATABASE {} SET {name} = '{value}';", database.name);
    database.execute(&(limit("work_mem", "64kB") + &limit("temp_file_limit", "64kB")));
    let small = app(&database);
    let reason = "the database server lacks disk space or memory";
    assert_fails(&small, &database, &token(&small), "1", &csv(20_000), reason);
    database.execute(&limit("temp_file_limit", "-1"));
    small.stop();
    let app = app(&database);
    let stored = upload_and_wait(&app, &token(&app), "2", &csv(20_000));
    assert_eq!(stored.status, 200, "{stored:?}");
    assert_eq!(price_count(&database), SAMPLE + 20_000);
}

/// C4: An upload that exceeds the time limit of statements fails with the reason, whether its prices are being sent or summed.
#[test]
fn an_upload_beyond_the_time_limit_fails() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    // The limit of the connection is 15 minutes; this one is in force from the next statement on.
    database.execute(
        "CREATE FUNCTION public.limit_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           PERFORM set_config('statement_timeout', '100', true); RETURN NULL; END $$;
         CREATE FUNCTION public.take_time() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           PERFORM pg_sleep(30); RETURN NULL; END $$;
         CREATE TRIGGER limit_time AFTER INSERT ON rates.batches EXECUTE FUNCTION public.limit_time()",
    );
    let reason = "the database did not store it within its time limit";
    assert_fails(&app, &database, &token, "sent", &csv(200_000), reason);
    database
        .execute("CREATE TRIGGER take_time AFTER INSERT ON rates.prices EXECUTE FUNCTION public.take_time()");
    assert_fails(&app, &database, &token, "summed", &csv(10), reason);
    assert_eq!(metric(&app, "uploads_ended_total", &["interrupted"]), 0.0);
    database.execute("DROP TRIGGER take_time ON rates.prices; DROP TRIGGER limit_time ON rates.batches");
    assert_eq!(upload_and_wait(&app, &token, "again", &csv(10)).status, 200);
    assert_eq!(price_count(&database), SAMPLE + 10);
}

/// C4, C10: An upload that waits in vain for the sums is repeated; how long it waited is measured.
#[test]
fn an_upload_that_waits_in_vain_for_the_sums_is_repeated() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let mut blocker = database.admin();
    blocker.batch_execute(&format!("BEGIN; {LOCK_SUMS}")).unwrap();
    let accepted = upload(&app, &token, "1", &csv(10));
    wait_until("the job waits", || database.lines(WAITING).len() == 1);
    sleep(Duration::from_secs(1));
    // As the server does after a minute.
    database.execute(&format!(
        "SELECT pg_cancel_backend(pid::int) FROM ({WAITING}) w (pid)"
    ));
    wait_until("the job was interrupted", || {
        metric(&app, "uploads_ended_total", &["interrupted"]) == 1.0
    });
    wait_until("the job waits again", || database.lines(WAITING).len() == 1);
    assert!(metric(&app, "uploads_lock_wait_duration_seconds_sum", &[]) >= 1.0);
    blocker.batch_execute("COMMIT").unwrap();
    let batch = wait_for_end(&app, &token, accepted.header("location"));
    assert_eq!(batch["state"], "committed", "{batch}");
    wait_until("both waits are measured", || {
        metric(&app, "uploads_lock_wait_duration_seconds_count", &[]) == 2.0
    });
    assert_eq!(price_count(&database), SAMPLE + 10);
}

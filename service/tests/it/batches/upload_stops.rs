//! Services that stop while their job waits: the job is handed back at once.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::program::ServiceProcess;
use crate::support::upload::{
    LOCK_SUM_ROWS, LOCK_SUMS, ONE_MORE_PRICE, app, assert_sums, database, price_count, start_process, token,
    upload, wait_for_end, wait_for_lock_wait,
};
use diesel::connection::SimpleConnection;

/// Stops the process while a reader goes on; returns the exit code.
fn stop(process: ServiceProcess, reader: &App) -> Option<i32> {
    process.terminate();
    std::thread::scope(|scope| {
        let stopping = scope.spawn(move || process.wait().0);
        // Other days, because the same answer would not be read again.
        for day in (1..=31).cycle() {
            if stopping.is_finished() {
                break;
            }
            let path = format!(
                "/rates?date_from=2021-01-01&date_to=2021-01-{day:02}&orig_code=CNGGZ&dest_code=EETLL"
            );
            assert_eq!(reader.get(&path).status, 200);
        }
        stopping.join().unwrap()
    })
}

fn states(database: &Database) -> Vec<String> {
    database.lines("SELECT state || ', crashes: ' || crashes AS line FROM rates.uploads")
}

/// C7: A job that waits for all sums, or for a single one after COPY, is handed back by each service that stops, and is stored as soon
/// as they are free. Reads go on.
#[test]
fn a_stopping_service_hands_its_job_back() {
    for lock in [LOCK_SUMS, LOCK_SUM_ROWS] {
        let database = database();
        let before = price_count(&database);
        let reader = App::over(&database);
        let mut blocker = database.admin();
        blocker.batch_execute(lock).unwrap();
        let mut location = None;
        // More often than a job may be taken from owners that died.
        for stops in 1..=4 {
            let process = start_process(&database);
            let app = App::of_process(&process);
            location.get_or_insert_with(|| {
                let accepted = upload(&app, &token(&app), "1", ONE_MORE_PRICE);
                accepted.header("location").to_owned()
            });
            wait_for_lock_wait(&database);
            assert_eq!(stop(process, &reader), Some(0));
            assert_eq!(states(&database), ["queued, crashes: 0"], "{stops}: {lock}");
        }
        assert_eq!(price_count(&database), before);
        blocker.batch_execute("COMMIT").unwrap();
        let process = start_process(&database);
        let app = App::of_process(&process);
        let batch = wait_for_end(&app, &token(&app), &location.unwrap());
        assert_eq!(batch["state"], "committed", "{batch}");
        assert_eq!(price_count(&database) - before, 1);
        assert_sums(&database);
    }
}

/// C7: A job whose statement cannot be cancelled is handed back, too.
#[test]
fn a_job_is_handed_back_although_its_statement_goes_on() {
    let database = database();
    database.execute("REVOKE EXECUTE ON FUNCTION pg_cancel_backend(integer) FROM PUBLIC");
    let before = price_count(&database);
    let reader = App::over(&database);
    let mut blocker = database.admin();
    blocker.batch_execute(LOCK_SUMS).unwrap();
    let process = start_process(&database);
    let here = App::of_process(&process);
    let accepted = upload(&here, &token(&here), "1", ONE_MORE_PRICE);
    wait_for_lock_wait(&database);
    stop(process, &reader);
    assert_eq!(states(&database), ["queued, crashes: 0"]);
    blocker.batch_execute("COMMIT").unwrap();
    let there = app(&database);
    let batch = wait_for_end(&there, &token(&there), accepted.header("location"));
    assert_eq!(batch["state"], "committed", "{batch}");
    assert_eq!(price_count(&database) - before, 1);
    assert_sums(&database);
}

//! Uploads that end without being stored, and not because of their content.

use crate::support::accounts::call_as;
use crate::support::upload::{
    LOCK_SUM_ROWS, LOCK_SUMS, ONE_MORE_PRICE, app, assert_sums, database, price_count, token,
    upload_and_wait, wait_for_lock_wait,
};
use diesel::connection::SimpleConnection;
use serde_json::Value;

/// C3, C4: An upload that the database does not store, although its prices are valid, is answered 503, and the same request is stored
/// later.
#[test]
fn an_upload_that_the_service_failed_to_store_can_be_repeated() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let before = price_count(&database);
    let mut blocker = database.admin();
    blocker.batch_execute(LOCK_SUM_ROWS).unwrap();
    let response = std::thread::scope(|scope| {
        let response = scope.spawn(|| upload_and_wait(&app, &token, "k", ONE_MORE_PRICE));
        wait_for_lock_wait(&database);
        database.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
               AND application_name = 'portcullis-ingest' AND wait_event_type = 'Lock'",
        );
        response.join().unwrap()
    });
    blocker.batch_execute("COMMIT").unwrap();
    let problem = response.problem(503);
    assert!(
        problem["detail"].as_str().unwrap().contains("nothing was stored"),
        "{problem}"
    );
    assert!(response.header("retry-after").parse::<u64>().unwrap() > 0);
    let ended = "SELECT state || ', key: ' || (idempotency_key IS NOT NULL) AS line FROM rates.uploads";
    assert_eq!(database.lines(ended), ["failed, key: false"]);
    assert_eq!(price_count(&database), before);
    let again = upload_and_wait(&app, &token, "k", ONE_MORE_PRICE);
    assert_eq!(again.json()["state"], "committed", "{again:?}");
    assert_eq!(price_count(&database) - before, 1);
    assert_sums(&database);
}

/// C4: A request that waits for the end of an upload is answered 409 if the upload is cancelled, also while its job waits for a lock.
#[test]
fn a_cancelled_upload_is_a_conflict() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let mut blocker = database.admin();
    blocker.batch_execute(LOCK_SUMS).unwrap();
    let response = std::thread::scope(|scope| {
        let response = scope.spawn(|| upload_and_wait(&app, &token, "k", ONE_MORE_PRICE));
        wait_for_lock_wait(&database);
        let ids = database.lines("SELECT id::text AS line FROM rates.uploads");
        let path = format!("/rates/batches/{}", ids[0]);
        let requested = call_as(&app, &token, "DELETE", &path, &Value::Null);
        assert_eq!(requested.status, 202, "{requested:?}");
        response.join().unwrap()
    });
    blocker.batch_execute("COMMIT").unwrap();
    let problem = response.problem(409);
    assert!(
        problem["type"].as_str().unwrap().ends_with(":upload-cancelled"),
        "{problem}"
    );
}

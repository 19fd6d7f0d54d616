//! Metrics of uploads that wait.

use crate::support::metric::metric;
use crate::support::upload::{
    LOCK_SUMS, ONE_MORE_PRICE, PartialUpload, app, database, token, upload, wait_for_lock_wait,
};
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;

/// C10: Uploads that wait are counted while one is running, which is not counted. Their age begins when their body is complete.
#[test]
fn waiting_uploads_are_counted_while_one_runs() {
    let database = database();
    let app = app(&database);
    let token = token(&app);
    let waiting = || metric(&app, "uploads_waiting", &[]);
    let mut blocker = database.admin();
    blocker.batch_execute(LOCK_SUMS).unwrap();
    upload(&app, &token, "1", ONE_MORE_PRICE);
    wait_for_lock_wait(&database);
    wait_until("none waits", || waiting() == 0.0);
    let mut sending = PartialUpload::begin(&app, &token, "2");
    sending.path(&database);
    database.execute(
        "UPDATE rates.uploads SET created_at = created_at - interval '1 hour' WHERE state = 'receiving'",
    );
    assert_eq!(sending.finish().status, 202);
    wait_until("one waits", || waiting() == 1.0);
    let age = metric(&app, "uploads_age_seconds", &[]);
    assert!(age < 60.0, "{age}");
    blocker.batch_execute("COMMIT").unwrap();
    wait_until("none waits", || waiting() == 0.0);
}

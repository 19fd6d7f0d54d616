//! Withdrawals beside imports, readers and other withdrawals.

use super::withdrawal::{CORRECTION, WRONG_SUMS, batch_of, content, withdraw_in};
use crate::support::app::App;
use crate::support::concurrently::concurrently;
use crate::support::database::Database;
use crate::support::sample_data::small;
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;
use portcullis::db::batches::StoreOutcome;
use portcullis::domain::batches::withdrawal::WithdrawError;
use portcullis::domain::data_version::await_announcement;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

/// The sessions of imports and withdrawals that wait for a lock.
const WAITING: &str = "SELECT pid::text AS line FROM pg_stat_activity
    WHERE application_name = 'portcullis-ingest' AND datname = current_database() AND wait_event_type = 'Lock'";

/// C14: Of withdrawals of a batch at the same time one succeeds.
#[test]
fn of_withdrawals_at_the_same_time_one_succeeds() {
    let database = Database::with_data(&small());
    let before = content(&database);
    let id = batch_of(&database, CORRECTION);
    let results = concurrently(4, |_| withdraw_in(&database, id));
    let succeeded = results.iter().filter(|result| matches!(result, Ok(4)));
    assert_eq!(succeeded.count(), 1, "{results:?}");
    let late = results
        .iter()
        .filter(|result| matches!(result, Err(WithdrawError::WithdrawnBefore)));
    assert_eq!(late.count(), 3, "{results:?}");
    assert_eq!(content(&database), before);
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM audit.events"),
        ["1"]
    );
}

/// C14: A withdrawal waits for a running import, and an import for a running withdrawal; both are carried out.
#[test]
fn withdrawals_and_imports_wait_for_each_other() {
    let database = Database::with_data(&small());
    let before = content(&database);
    let mut import = database.login("ingest");
    import
        .batch_execute("BEGIN; INSERT INTO rates.prices VALUES ('CNGGZ', 'EETLL', '2021-01-31', 1)")
        .unwrap();
    scope(|scope| {
        let withdrawal = scope.spawn(|| withdraw_in(&database, 1));
        wait_until("the withdrawal waits", || !database.lines(WAITING).is_empty());
        import.batch_execute("COMMIT").unwrap();
        assert_eq!(withdrawal.join().unwrap().unwrap(), 14);
    });
    let sums = "SELECT DISTINCT price_sum || ' ' || price_count AS line FROM rates.daily_rates";
    assert_eq!(database.lines(sums), ["1 1"]);
    let mut withdrawal = database.login("ingest");
    let id = batch_of(&database, CORRECTION);
    withdrawal
        .batch_execute(&format!(
            "BEGIN; SELECT rates.withdraw_batch({id}, NULL, '', '', '{{}}')"
        ))
        .unwrap();
    scope(|scope| {
        let import = scope.spawn(|| database.import(&small()));
        wait_until("the import waits", || !database.lines(WAITING).is_empty());
        withdrawal.batch_execute("COMMIT").unwrap();
        assert_eq!(import.join().unwrap().unwrap().stored, StoreOutcome::Stored);
    });
    assert_eq!(database.lines(WRONG_SUMS), Vec::<String>::new());
    assert_eq!(content(&database).len(), before.len() + 1);
}

/// C14, C6: Readers do not wait for a withdrawal, and see the whole batch until it is committed and nothing of it afterwards.
#[test]
fn readers_see_a_batch_or_nothing_of_it() {
    let database = Database::with_data(&small());
    let app = App::over(&database);
    let query = "/rates?date_from=2021-01-31&date_to=2021-02-01&orig_code=asia&dest_code=europe";
    let counts = || -> Vec<_> {
        let answer = app.get(query).json();
        answer["rates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| day["count"].as_i64())
            .collect()
    };
    let without = counts();
    let id = batch_of(&database, CORRECTION);
    let with = counts();
    assert_eq!((&without, &with), (&vec![None, Some(5)], &vec![Some(1), Some(7)]));
    let mut withdrawal = database.login("ingest");
    withdrawal
        .batch_execute(&format!(
            "BEGIN; SELECT rates.withdraw_batch({id}, NULL, '', '', '{{}}')"
        ))
        .unwrap();
    let start = Instant::now();
    assert_eq!(counts(), with);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    withdrawal.batch_execute("COMMIT").unwrap();
    await_announcement();
    assert_eq!(counts(), without);
    let is_done = AtomicBool::new(false);
    scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = [0, 0];
            while !is_done.load(Ordering::Relaxed) {
                let counts = counts();
                assert!(counts == with || counts == without, "{counts:?}");
                seen[usize::from(counts == with)] += 1;
            }
            seen
        });
        for _ in 0..15 {
            let id = batch_of(&database, CORRECTION);
            withdraw_in(&database, id).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
        let seen = reader.join().unwrap();
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    });
}

/// C14: A withdrawal whose connection ends before its commit changes nothing, and can be repeated.
#[test]
fn a_withdrawal_that_is_cut_off_changes_nothing() {
    let database = Database::with_data(&small());
    let before = content(&database);
    let id = batch_of(&database, CORRECTION);
    let with = content(&database);
    // The audit event comes last.
    let mut auditor = database.admin();
    auditor
        .batch_execute("BEGIN; SELECT FROM audit.head FOR UPDATE")
        .unwrap();
    scope(|scope| {
        let withdrawal = scope.spawn(|| withdraw_in(&database, id));
        wait_until("the withdrawal waits", || !database.lines(WAITING).is_empty());
        database.execute(&format!(
            "SELECT pg_terminate_backend(pid::int) FROM ({WAITING}) w (pid)"
        ));
        let error = withdrawal.join().unwrap().unwrap_err();
        assert!(matches!(error, WithdrawError::Db(_)), "{error}");
    });
    auditor.batch_execute("ROLLBACK").unwrap();
    assert_eq!(content(&database), with);
    assert_eq!(withdraw_in(&database, id).unwrap(), 4);
    assert_eq!(content(&database), before);
}

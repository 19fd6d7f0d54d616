//! Withdrawing a batch: by the binary and the library, and what no login may do.

use crate::support::app::App;
use crate::support::database::{Database, lines};
use crate::support::program::{run, run_as_sudo, stderr, stdout};
use crate::support::sample_data::{QUERY, small};
use diesel::connection::SimpleConnection;
use portcullis::db::Db;
use portcullis::db::batches::StoreOutcome;
use portcullis::db::conninfo::Purpose;
use portcullis::domain::batches::withdrawal::WithdrawError;
use portcullis::domain::batches::{find, list, withdraw};
use portcullis::domain::data_version::VersionLease;
use portcullis::domain::rates::Rates;
use portcullis::telemetry::logs::Telemetry;
use portcullis::types::client_info::ClientInfo;
use std::time::Duration;

/// Two prices on a day of the sample data, one on a new day, and one of a route that has no other prices.
pub const CORRECTION: &str = "orig_code,dest_code,day,price\nCNGGZ,EETLL,2021-01-31,7\nCNGGZ,EETLL,2021-01-31,9\n\
                          CNGGZ,EETLL,2021-02-01,8\nNOOSL,CNGGZ,2021-02-01,5\n";

/// Sums that differ from those that the prices have.
pub const WRONG_SUMS: &str =
    "SELECT concat_ws(' ', origin, destination, day, price_sum, price_count) AS line FROM (
    (TABLE rates.daily_rates EXCEPT TABLE rates.computed_daily_rates) UNION ALL
    (TABLE rates.computed_daily_rates EXCEPT TABLE rates.daily_rates)) d";

/// Everything that answers depend on.
pub fn content(database: &Database) -> Vec<String> {
    database.lines(
        "SELECT 'sum ' || concat_ws(' ', origin, destination, day, price_sum, price_count) AS line FROM rates.daily_rates
         UNION ALL SELECT 'route ' || concat_ws(' ', orig_code, dest_code) FROM rates.routes
         UNION ALL SELECT 'price ' || concat_ws(' ', orig_code, dest_code, day, price) FROM rates.prices
         UNION ALL SELECT 'ancestor ' || concat_ws(' ', place, ancestor) FROM rates.place_ancestors ORDER BY 1",
    )
}

/// Withdraws a batch through the library.
pub fn withdraw_in(database: &Database, id: i64) -> Result<i64, WithdrawError> {
    withdraw(&database.settings(&[]).database, id, &ClientInfo::service())
}

/// Imports a batch that is not stored yet; returns its number.
pub fn batch_of(database: &Database, content: &str) -> i64 {
    let done = database.import(content).unwrap();
    assert_eq!(done.stored, StoreOutcome::Stored);
    done.batch
}

/// C14: After a withdrawal everything is as if the batch had never been imported; a second one, and one of a batch that does
/// not exist, change nothing and have exit codes of their own.
#[test]
fn a_withdrawn_batch_leaves_nothing_behind() {
    let database = Database::with_data(&small());
    let before = content(&database);
    let app = App::over(&database);
    let answer = app.get(QUERY).json();
    assert_eq!(batch_of(&database, CORRECTION), 2);
    assert_ne!(app.get(QUERY).json(), answer);
    let batches = |arguments: &[&str]| run(&[&["batches"], arguments].concat(), &database.pairs());
    let listed = stdout(&batches(&["list"]));
    let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((rows[0][0], rows[0][1], rows[0][3]), ("2", "4", "-"), "{listed}");
    assert_eq!((rows[1][0], rows[1][1], rows[1][3]), ("1", "14", "-"), "{listed}");
    let output = batches(&["withdraw", "2"]);
    assert_eq!(
        stdout(&output),
        "withdrew batch 2: 4 prices\n",
        "{}",
        stderr(&output)
    );
    assert_eq!(content(&database), before);
    assert_eq!(app.get(QUERY).json(), answer);
    for (id, code, reason) in [
        ("2", 3, "withdrawn before"),
        ("77", 1, "no batch with this number"),
        ("-1", 2, ""),
    ] {
        let output = batches(&["withdraw", id]);
        assert_eq!(output.status.code(), Some(code), "{id}: {}", stdout(&output));
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    }
    assert_eq!(content(&database), before);
    let listed = stdout(&batches(&["list"]));
    assert!(
        listed.lines().next().unwrap().ends_with('Z') && listed.lines().count() == 2,
        "{listed}"
    );
}

/// C14, J5: A withdrawal is an audit event with the operator, the number of prices and the digest of the content.
#[test]
fn a_withdrawal_is_audited_with_its_operator() {
    let database = Database::with_data(&small());
    let digest = database.lines("SELECT encode(digest, 'hex') AS line FROM rates.batches");
    let output = run_as_sudo("olga", &["batches", "withdraw", "1"], &database.pairs());
    assert!(output.status.success(), "{}", stderr(&output));
    let events = database.lines(
        "SELECT concat_ws(' ', action, subject, detail->'operator'->>'sudo_user', detail->>'prices', detail->>'digest')
         AS line FROM audit.events",
    );
    assert_eq!(events, [format!("batch.withdrawn batch:1 olga 14 {}", digest[0])]);
    let verified = run(&["audit", "verify"], &database.pairs());
    assert!(
        stdout(&verified).starts_with("consistent: 1 events"),
        "{}",
        stderr(&verified)
    );
}

/// C14, C15: A withdrawn batch is stored again when it is imported again, and withdrawn again.
#[test]
fn a_withdrawn_batch_can_be_imported_again() {
    let database = Database::with_data(&small());
    let first = batch_of(&database, CORRECTION);
    let with_correction = content(&database);
    assert_eq!(withdraw_in(&database, first).unwrap(), 4);
    let second = batch_of(&database, CORRECTION);
    assert!(second > first);
    assert_eq!(content(&database), with_correction);
    assert_eq!(
        database.import(CORRECTION).unwrap().stored,
        StoreOutcome::AlreadyStored
    );
    assert_eq!(withdraw_in(&database, second).unwrap(), 4);
    assert!(matches!(
        withdraw_in(&database, first),
        Err(WithdrawError::WithdrawnBefore)
    ));
    batch_of(&database, CORRECTION);
    assert_eq!(content(&database), with_correction);
}

/// C14: Ports and regions that a withdrawn dump created stay, without prices.
#[test]
fn places_of_a_withdrawn_dump_stay() {
    let database = Database::with_data(&small());
    assert_eq!(withdraw_in(&database, 1).unwrap(), 14);
    let counts = "SELECT concat_ws(' ', (SELECT count(*) FROM rates.ports), (SELECT count(*) FROM rates.regions),
        (SELECT count(*) FROM rates.prices), (SELECT count(*) FROM rates.daily_rates), (SELECT count(*) FROM rates.routes)) AS line";
    assert_eq!(database.lines(counts), ["5 5 0 0 0"]);
    let app = App::over(&database);
    assert_eq!(app.get("/ports/CNGGZ").status, 200);
    assert_eq!(
        app.get(QUERY).json()["rates"][0]["count"],
        serde_json::Value::Null
    );
}

/// C14: The prices of a batch of an earlier release name no batch: it cannot be withdrawn, and nothing changes.
#[test]
fn a_batch_of_an_earlier_release_cannot_be_withdrawn() {
    let database = Database::with_data(&small());
    database.login("ingest").batch_execute(
        "BEGIN; INSERT INTO rates.batches (digest, price_count) VALUES (sha256('earlier'), 1);
         INSERT INTO rates.prices (orig_code, dest_code, day, price) VALUES ('CNGGZ', 'EETLL', '2021-02-01', 7); COMMIT",
    ).unwrap();
    let before = content(&database);
    let output = run(&["batches", "withdraw", "2"], &database.pairs());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("earlier release"), "{}", stderr(&output));
    assert_eq!(content(&database), before);
    let withdrawn = "SELECT count(withdrawn_at)::text AS line FROM rates.batches";
    assert_eq!(database.lines(withdrawn), ["0"]);
}

/// C14, K3: Only prices of a withdrawn batch can be deleted, by their owner too, and the sums follow even then.
#[test]
fn only_prices_of_withdrawn_batches_can_be_deleted() {
    let database = Database::with_data(&small());
    batch_of(&database, CORRECTION);
    database.execute("INSERT INTO rates.prices VALUES ('CNGGZ', 'EETLL', '2021-01-31', 1)");
    withdraw_in(&database, 2).unwrap();
    database.execute("INSERT INTO rates.prices VALUES ('CNGGZ', 'EETLL', '2021-01-31', 1, 2)");
    let before = content(&database);
    let mut owner = database.login("migrator");
    owner.batch_execute("SET ROLE portcullis_owner").unwrap();
    for statement in [
        "DELETE FROM rates.prices",
        "DELETE FROM rates.prices WHERE batch_id = 1",
        "DELETE FROM rates.prices WHERE batch_id IS NULL",
        "DELETE FROM rates.prices WHERE batch_id IS NULL OR batch_id = 2",
        "UPDATE rates.prices SET batch_id = 2",
        "TRUNCATE rates.prices",
    ] {
        let error = owner.batch_execute(statement).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{statement}: {error}");
    }
    assert_eq!(content(&database), before);
    owner
        .batch_execute("DELETE FROM rates.prices WHERE batch_id = 2")
        .unwrap();
    assert_eq!(database.lines(WRONG_SUMS), Vec::<String>::new());
}

/// C14: Sums that lack deleted prices are reported, and nothing is deleted.
#[test]
fn a_withdrawal_from_wrong_sums_fails() {
    let database = Database::with_data(&small());
    let id = batch_of(&database, CORRECTION);
    database.execute("DELETE FROM rates.daily_rates WHERE origin = 'asia' AND day = '2021-02-01'");
    let before = content(&database);
    assert!(matches!(withdraw_in(&database, id), Err(WithdrawError::Db(_))));
    assert_eq!(content(&database), before);
}

/// C14: The list is paged, newest first; the age of the prices is that of the newest batch that is not withdrawn.
#[test]
fn batches_are_listed_newest_first() {
    let database = Database::with_data(&small());
    for price in 1..5 {
        batch_of(
            &database,
            &format!("orig_code,dest_code,day,price\nCNGGZ,EETLL,2021-02-01,{price}\n"),
        );
    }
    withdraw_in(&database, 5).unwrap();
    let settings = database.settings(&[]);
    let telemetry = Telemetry::quiet().unwrap();
    let (ingest, read) = (&settings.database.ingest, &settings.database.rates);
    let purpose = Purpose::Read {
        statement_timeout: Duration::from_secs(5),
    };
    let db = Db::start(
        &settings.database,
        ingest,
        Purpose::Ingest,
        telemetry.metrics.clone(),
    )
    .unwrap();
    let reader = Db::start(&settings.database, read, purpose, telemetry.metrics).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let page = |before| {
        let page = runtime.block_on(list(&db, before, 2)).unwrap();
        let ids: Vec<i64> = page.items.iter().map(|batch| batch.id).collect();
        (ids, page.next)
    };
    assert_eq!(page(None), (vec![5, 4], Some("4".to_owned())));
    assert_eq!(page(Some(4)), (vec![3, 2], Some("2".to_owned())));
    assert_eq!(page(Some(2)), (vec![1], None));
    let get = |id| runtime.block_on(find(&db, id)).unwrap();
    let (newest, withdrawn) = (get(4).unwrap(), get(5).unwrap());
    assert!(newest.withdrawn_at.is_none() && withdrawn.withdrawn_at.is_some());
    assert_eq!((newest.price_count, get(6)), (1, None));
    let age = runtime
        .block_on(Rates::new(reader.clone(), VersionLease::default()).find_last_import())
        .unwrap();
    assert_eq!(age, Some(newest.created_at));
    db.close();
    reader.close();
}

/// K3: The login that imports can neither delete prices nor append audit events by itself, and no other login can withdraw.
#[test]
fn only_the_function_withdraws() {
    let database = Database::with_data(&small());
    let call = "SELECT rates.withdraw_batch(1, NULL, '', '', '{}')";
    for (login, statement) in [
        ("ingest", "DELETE FROM rates.prices WHERE batch_id = 1"),
        ("ingest", "UPDATE rates.daily_rates SET price_count = 0"),
        (
            "ingest",
            "SELECT audit.append(NULL, 'batch.withdrawn', 'batch:1', '', '', '{}')",
        ),
        ("rates", call),
        ("accounts", call),
        ("wishes", call),
        ("mail", call),
        ("demo", call),
    ] {
        let error = database
            .login(login)
            .batch_execute(statement)
            .unwrap_err()
            .to_string();
        assert!(error.contains("permission denied"), "{login}: {error}");
    }
    assert_eq!(
        lines(
            &mut database.login("ingest"),
            "SELECT outcome AS line FROM rates.withdraw_batch(1, NULL, '', '', '{}')"
        )
        .unwrap(),
        ["withdrawn"]
    );
}

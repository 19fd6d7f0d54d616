//! Migrations up and down, and schemas newer or older than the program.

use crate::support::accounts::create_and_log_in;
use crate::support::app::{App, wait_for_status};
use crate::support::database::{Database, lines};
use crate::support::load::under_load;
use crate::support::program::{run, stderr, stdout};
use crate::support::sample_data::{QUERY, small};
use diesel::connection::SimpleConnection;
use portcullis::db::migrations;
use portcullis::types::role::Role;
use std::time::{Duration, Instant};

/// Every property of the schema that a migration can change.
const SCHEMA_QUERY: &str = "
SELECT 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') AS line FROM pg_namespace
  WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull
    || ' ' || attidentity::text || ' ' || coalesce(pg_get_expr(adbin, adrelid), '') || ' ' || coalesce(attacl::text, '') || ' ' || attcollation
  FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid >= 16384 AND attnum > 0 AND NOT attisdropped AND attrelid::regclass::text !~ '^pg_toast'
UNION ALL SELECT 'relation ' || oid::regclass || ' ' || relkind::text || ' ' || coalesce(reloptions::text, '') || ' '
    || coalesce(relacl::text, '') || relowner::regrole FROM pg_class WHERE oid >= 16384 AND relnamespace <> 'pg_toast'::regnamespace
UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid >= 16384
UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index
  WHERE indexrelid >= 16384 AND indrelid::regclass::text !~ '^pg_toast'
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || pg_get_functiondef(oid) || coalesce(proacl::text, '') FROM pg_proc WHERE oid >= 16384
UNION ALL SELECT 'view ' || pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'v' AND oid >= 16384
ORDER BY 1";

/// K4: Migrating up, down and up again with the binary results in the same schema.
#[test]
fn up_down_up_results_in_the_same_schema() {
    let database = Database::not_created();
    let migrate = |arguments: &[&str]| {
        let output = run(&[&["migrate"], arguments].concat(), &database.pairs());
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        stdout(&output)
    };
    database
        .server
        .with_role_lock(|| assert_eq!(migrate(&["prepare"]), "roles, logins and database are ready\n"));
    let empty = database.lines(SCHEMA_QUERY);
    assert!(
        migrate(&["status"])
            .lines()
            .all(|line| line.starts_with("pending "))
    );
    assert!(migrate(&[]).starts_with("migrated: "));
    let steps = migrate(&["status"]);
    assert!(steps.lines().all(|line| line.starts_with("done    ")), "{steps}");
    assert_eq!(migrate(&["up"]), "nothing to migrate\n");
    let full = database.lines(SCHEMA_QUERY);
    assert!(full.len() > 50, "{full:#?}");
    database.import(&small()).unwrap();
    for _ in steps.lines() {
        assert!(migrate(&["down"]).starts_with("reverted: "));
    }
    assert_eq!(migrate(&["down"]), "nothing to revert\n");
    let remaining: Vec<String> = database
        .lines(SCHEMA_QUERY)
        .into_iter()
        .filter(|line| !line.contains("__diesel"))
        .collect();
    assert_eq!(remaining, empty);
    assert!(migrate(&["up"]).starts_with("migrated: "));
    assert_eq!(database.lines(SCHEMA_QUERY), full);
    database.import(&small()).unwrap();
}

/// K4: This version serves from and imports into the expanded schema of a later version.
#[test]
fn a_newer_schema_can_be_served_and_imported_into() {
    let database = Database::fresh();
    database.execute(
        "SET ROLE portcullis_owner;
         INSERT INTO portcullis.__diesel_schema_migrations (version) VALUES ('29991231000001');
         CREATE TABLE rates.currencies (code text PRIMARY KEY);
         ALTER TABLE rates.daily_rates ADD COLUMN currency text NOT NULL DEFAULT 'USD';
         ALTER TABLE rates.prices ADD COLUMN currency text NOT NULL DEFAULT 'USD';
         ALTER TABLE rates.ports ADD COLUMN latitude double precision;
         ALTER TABLE rates.regions ADD COLUMN comment text;
         ALTER TABLE rates.batches ADD COLUMN note text",
    );
    database.import(&small()).unwrap();
    let app = App::over(&database);
    assert_eq!(app.get("/health/ready").status, 200);
    assert_eq!(app.get(QUERY).json()["rates"][0]["count"], 3);
    assert_eq!(app.get("/ports/CNGGZ").status, 200);
    assert_eq!(app.get("/regions/europe").status, 200);
    assert!(
        migrations::up(&database.settings(&[]).database, None)
            .unwrap()
            .is_empty()
    );
}

/// K4: The service never migrates by itself; with an older schema, readiness is 503 with the reason.
#[test]
fn an_older_schema_is_reported_by_readiness_and_not_migrated() {
    let database = Database::fresh();
    database.execute("DELETE FROM portcullis.__diesel_schema_migrations");
    let app = App::over(&database);
    let problem = app.get("/health/ready").problem(503);
    assert_eq!(problem["type"], "urn:portcullis:problem:schema-behind");
    app.get("/health/startup").problem(503);
    assert_eq!(app.get("/health/live").status, 200);
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM portcullis.__diesel_schema_migrations"),
        ["0"]
    );
}

/// K4: The runtime logins cannot run migrations.
#[test]
fn only_the_migrator_can_migrate() {
    let database = Database::fresh();
    for login in ["rates", "ingest"] {
        let mut pairs = database.pairs();
        let password = format!("test-{login}-password");
        pairs.retain(|(name, _)| name != "DATABASE_MIGRATOR_PASSWORD");
        pairs.push(("DATABASE_MIGRATOR_USER".into(), format!("portcullis_{login}")));
        pairs.push(("DATABASE_MIGRATOR_PASSWORD".into(), password));
        for direction in ["up", "down"] {
            let output = run(&["migrate", direction], &pairs);
            assert_eq!(
                output.status.code(),
                Some(1),
                "{login} {direction}: {}",
                stdout(&output)
            );
        }
    }
    assert!(
        migrations::status(&database.settings(&[]).database)
            .unwrap()
            .iter()
            .all(|step| step.done)
    );
}

/// L13: A step that must wait for a lock gives up after a second and changes nothing, and requests for the locked table wait no longer
/// than that: none fails. Without the lock it runs.
#[test]
fn a_step_that_waits_for_a_lock_gives_up_and_changes_nothing() {
    let database = Database::with_data(&small());
    let migrate = |arguments: &[&str]| run(&[&["migrate"], arguments].concat(), &database.pairs());
    // Back to the step that adds a column to the logins of people.
    while !stdout(&migrate(&["status"])).contains("pending 2026-11-29-000240_access_blocked") {
        assert!(migrate(&["down"]).status.success());
    }
    let before = database.lines(SCHEMA_QUERY);
    let app = App::over(&database);
    let ann = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    // As pg_dump does, for as long as it runs.
    let mut dump = database.admin();
    dump.batch_execute("BEGIN; LOCK TABLE access.logins IN ACCESS SHARE MODE")
        .unwrap();
    let outcome = under_load(&app, &ann, || {
        let started = Instant::now();
        let output = std::thread::scope(|scope| {
            let migration = scope.spawn(|| migrate(&["up", "--count", "1"]));
            while !migration.is_finished() {
                let listed = database
                    .login("accounts")
                    .batch_execute("SELECT count(*) FROM access.logins");
                assert!(listed.is_ok(), "{listed:?}");
            }
            migration.join().unwrap()
        });
        assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
        assert!(stderr(&output).contains("lock timeout"), "{}", stderr(&output));
        let took = started.elapsed();
        assert!(
            took > Duration::from_secs(1) && took < Duration::from_secs(4),
            "{took:?}"
        );
    });
    assert_eq!(outcome.failed(), 0, "{outcome:?}");
    assert_eq!(database.lines(SCHEMA_QUERY), before);
    drop(dump);
    let output = migrate(&["up", "--count", "1"]);
    assert_eq!(
        stdout(&output),
        "migrated: 20261129000240\n",
        "{}",
        stderr(&output)
    );
    assert!(stdout(&migrate(&["up"])).starts_with("migrated: 20261129000250"));
}

/// L13: The newest step runs while the service serves, and no request fails meanwhile or afterwards.
#[test]
fn the_newest_step_fails_no_request() {
    let database = Database::with_data(&small());
    let migrate = |arguments: &[&str]| {
        let output = run(&[&["migrate"], arguments].concat(), &database.pairs());
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    assert!(migrate(&["down"]).starts_with("reverted: "));
    let app = App::over(&database);
    let ann = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    let outcome = under_load(&app, &ann, || {
        assert!(migrate(&["up"]).starts_with("migrated: "));
        wait_for_status(200, Duration::from_secs(10), || app.get("/health/ready"));
    });
    assert_eq!(outcome.failed(), 0, "{outcome:?}");
}

/// L13: An index that could not be built beside a long transaction is built by the next `migrate up`.
#[test]
fn an_index_that_was_not_completed_is_built_again() {
    let database = Database::with_data(&small());
    let migrate = |arguments: &[&str]| run(&[&["migrate"], arguments].concat(), &database.pairs());
    while !stdout(&migrate(&["status"])).contains("pending 2026-12-01-000011_price_batch_index") {
        assert!(migrate(&["down"]).status.success());
    }
    let mut import = database.login("ingest");
    import
        .batch_execute("BEGIN; INSERT INTO rates.prices VALUES ('CNGGZ', 'EETLL', '2021-01-31', 1)")
        .unwrap();
    let output = migrate(&["up", "--count", "1"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stderr(&output).contains("lock timeout"), "{}", stderr(&output));
    let valid = "SELECT indisvalid::text AS line FROM pg_index WHERE indexrelid::regclass::text = 'rates.prices_batch_id_idx'";
    assert_eq!(database.lines(valid), ["false"]);
    import.batch_execute("COMMIT").unwrap();
    let output = migrate(&["up"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(database.lines(valid), ["true"]);
}

/// K4: A release that writes no batch ids imports into this schema: with its statements, as its login.
#[test]
fn the_statements_of_the_former_release_import_into_this_schema() {
    let database = Database::with_data(&small());
    let mut former = database.login("ingest");
    let store = |digest: &str| {
        format!(
            "BEGIN; SELECT rates.lock_sums();
             SELECT EXISTS (SELECT id FROM rates.batches WHERE digest = sha256('file {digest}'));
             INSERT INTO rates.batches (digest, price_count) VALUES (sha256('{digest}'), 1) ON CONFLICT (digest) DO NOTHING;
             INSERT INTO rates.prices (orig_code, dest_code, day, price) VALUES ('CNGGZ', 'EETLL', '2021-02-01', 7);
             COMMIT"
        )
    };
    former.batch_execute(&store("first")).unwrap();
    former.batch_execute(&store("second")).unwrap();
    assert_eq!(
        database.lines("SELECT count(*) || ' ' || count(batch_id) AS line FROM rates.prices"),
        ["16 14"]
    );
    let mut again = database.login("ingest");
    let conflicts =
        "WITH stored AS (INSERT INTO rates.batches (digest, price_count) VALUES (sha256('first'), 1)
                     ON CONFLICT (digest) DO NOTHING RETURNING id) SELECT count(*)::text AS line FROM stored";
    assert_eq!(lines(&mut again, conflicts).unwrap(), ["0"]);
}

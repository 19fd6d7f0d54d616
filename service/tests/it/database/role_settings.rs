//! Settings of the database and of its logins. A login can make settings for itself, which PostgreSQL cannot forbid: they are
//! overridden, reported and reset.

use crate::support::accounts::{
    PASSWORD, call_as, create_account, create_and_log_in, get_as, token_pair, try_log_in,
};
use crate::support::app::{App, wait_for_status};
use crate::support::concurrently::concurrently;
use crate::support::database::{Database, lines, settings};
use crate::support::own_postgres;
use crate::support::program::{ServiceProcess, run, stderr};
use crate::support::sample_data::{QUERY, dump, small};
use diesel::connection::SimpleConnection;
use portcullis::db::prepare;
use portcullis::types::role::Role;
use serde_json::json;
use std::time::Duration;

const OWN_SETTINGS: &str = "SELECT r.rolname || ' ' || array_to_string(setconfig, ',') AS line
    FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname <> 'portcullis_vault' ORDER BY 1";

/// K3: Limits and search path that a login sets for itself have no effect on the service, which reports them; preparing again
/// resets them and the password, and leaves an administrator's settings alone.
#[test]
fn settings_of_a_login_are_overridden_reported_and_reset() {
    let (_cluster, server) = own_postgres::start();
    let database = Database {
        name: "portcullis".to_owned(),
        server,
    };
    create_account(&database, "ann@example.org", Role::User);
    let mut login = database.login("accounts");
    login
        .batch_execute(
            "ALTER ROLE portcullis_accounts SET search_path = 'nowhere';
             ALTER ROLE portcullis_accounts SET statement_timeout = '1ms';
             ALTER ROLE portcullis_accounts SET local_preload_libraries = 'missing';
             ALTER ROLE portcullis_accounts SET default_transaction_isolation = 'serializable';
             ALTER ROLE portcullis_accounts IN DATABASE portcullis SET lock_timeout = '1ms'",
        )
        .unwrap();
    database
        .login("wishes")
        .batch_execute("ALTER ROLE portcullis_wishes SET row_security = off")
        .unwrap();
    database.execute("ALTER ROLE portcullis_accounts SET log_min_duration_statement = 0");
    let mut pairs = database.pairs();
    pairs.push(("MAIL_FOLDER".to_owned(), "/dev/null/mails".to_owned()));
    let process = ServiceProcess::start(&pairs);
    let app = App::of_process(&process);
    wait_for_status(200, Duration::from_secs(10), || app.get("/health/ready"));
    let token = token_pair(&try_log_in(&app, "ann@example.org", PASSWORD)).access;
    let wish = call_as(&app, &token, "POST", "/wishes", &json!({"title": "w"}));
    assert_eq!(wish.status, 201, "{wish:?}");
    assert_eq!(get_as(&app, &token, "/wishes").status, 200);
    let warning = process.wait_for_line("settings of their own");
    for name in [
        "accounts: search_path",
        "accounts: statement_timeout",
        "accounts: lock_timeout",
        "accounts: log_min_duration_statement",
        "wishes: row_security",
    ] {
        assert!(warning.contains(&format!("portcullis_{name}")), "{warning}");
    }
    login
        .batch_execute("ALTER ROLE portcullis_accounts PASSWORD 'changed'")
        .unwrap();
    prepare::prepare(&settings(database.pairs(), &[]).database, false).unwrap();
    assert_eq!(
        lines(&mut database.admin(), OWN_SETTINGS).unwrap(),
        ["portcullis_accounts log_min_duration_statement=0"]
    );
    assert_eq!(
        lines(
            &mut database.login("accounts"),
            "SELECT session_user::text AS line"
        )
        .unwrap(),
        ["portcullis_accounts"]
    );
}

/// K3: Preparing reports what this administrator may not revoke, and nothing where everything is revoked.
#[test]
fn preparing_reports_what_it_may_not_revoke() {
    let (_cluster, server) = own_postgres::start();
    let database = Database {
        name: "portcullis".to_owned(),
        server: server.clone(),
    };
    let remaining = |pairs| prepare::prepare(&settings(pairs, &[]).database, false).unwrap();
    let prepared_transactions = "max_prepared_transactions is 1";
    let gaps = remaining(database.pairs());
    let no_audit = "logins of people cannot be issued: pgaudit is not in shared_preload_libraries";
    assert!(
        gaps.len() == 2 && gaps[0].starts_with(prepared_transactions) && gaps[1] == no_audit,
        "{gaps:?}"
    );
    // A managed server: the administrator may create roles and databases, and the provider owns everything else.
    let mut admin = server.admin("postgres");
    admin
        .batch_execute(
            "CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'test-manager-password';
             DO $$ DECLARE r name; BEGIN
               FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'portcullis%' LOOP
                 EXECUTE format('GRANT %I TO manager WITH ADMIN OPTION', r);
               END LOOP; END $$;
             GRANT CONNECT ON DATABASE postgres TO PUBLIC",
        )
        .unwrap();
    admin.batch_execute("CREATE DATABASE other_product").unwrap();
    let mut pairs = server.pairs("managed");
    pairs.retain(|(name, _)| !name.starts_with("DATABASE_ADMIN"));
    pairs.push(("DATABASE_ADMIN_USER".to_owned(), "manager".to_owned()));
    pairs.push((
        "DATABASE_ADMIN_PASSWORD".to_owned(),
        "test-manager-password".to_owned(),
    ));
    // A login whose settings only a superuser may make.
    pairs.push(("DATABASE_VAULT_USER".to_owned(), "managed_vault".to_owned()));
    let gaps = remaining(pairs).join("\n");
    for part in [
        "pg_logical_emit_message and the advisory lock functions and the large object functions",
        "connect to the databases other_product, postgres;",
        // The first database of this test, which has the same groups.
        "issued logins can connect to the databases portcullis, which grant CONNECT to their groups",
        prepared_transactions,
        "a superuser must run ALTER ROLE managed_vault SET log_min_error_statement=panic, SET log_statement=none",
        no_audit,
    ] {
        assert!(gaps.contains(part), "{part}: {gaps}");
    }
}

/// K3: Settings that an operator makes for the whole database change no result.
#[test]
fn settings_of_the_database_change_no_result() {
    let database = Database::with_data(&small());
    let expected = App::over(&database).get(QUERY).json();
    for setting in [
        "search_path = 'nowhere'",
        "row_security = off",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "standard_conforming_strings = off",
        "client_encoding = 'LATIN1'",
        "bytea_output = 'escape'",
        "DateStyle = 'German, DMY'",
        "IntervalStyle = 'sql_standard'",
        "TimeZone = 'Pacific/Kiritimati'",
        "extra_float_digits = -15",
        "array_nulls = off",
        "transform_null_equals = on",
        "quote_all_identifiers = on",
        "plan_cache_mode = 'force_generic_plan'",
        "enable_indexscan = off",
        "default_statistics_target = 1",
    ] {
        database.execute(&format!("ALTER DATABASE {} SET {setting}", database.name));
    }
    let app = App::over(&database);
    wait_for_status(200, Duration::from_secs(10), || app.get("/health/ready"));
    assert_eq!(app.get(QUERY).json(), expected);
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::Admin);
    let wish = |_| call_as(&app, &token, "POST", "/wishes", &json!({"title": "Ärla"})).status;
    assert_eq!(concurrently(8, wish), [201; 8]);
    let wishes = get_as(&app, &token, "/wishes").json();
    assert!(
        wishes["wishes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|wish| wish["title"] == "Ärla"),
        "{wishes}"
    );
    let user = |n| {
        call_as(
            &app,
            &token,
            "POST",
            "/user",
            &json!({"email": format!("u{n}@example.org")}),
        )
        .status
    };
    assert_eq!(concurrently(4, user), [201; 4]);
    assert_eq!(
        get_as(&app, &token, "/users?q=ANN@").json()["users"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let verified = run(&["audit", "verify"], &database.pairs());
    assert!(verified.status.success(), "{}", stderr(&verified));
    let more = dump(
        &[("world", None)],
        &[("CNGGZ", "world"), ("XXAAA", "world")],
        &[("CNGGZ", "XXAAA", "2021-02-28", 7)],
    );
    assert!(database.import(&more).is_ok());
}

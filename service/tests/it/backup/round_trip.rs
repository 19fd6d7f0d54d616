//! A database is destroyed and restored on a new server.

use super::restorable::{Backup, Scripts, empty_target, prepare, source};
use crate::support::accounts::{
    PASSWORD, call_as, create_account, create_and_log_in, get_as, log_in, try_log_in, try_log_in_with_code,
};
use crate::support::app::App;
use crate::support::authenticator::{code, enable_totp};
use crate::support::database::Database;
use crate::support::own_postgres;
use crate::support::program::{run, stderr, stdout};
use crate::support::sample_data::QUERY;
use portcullis::types::role::Role;
use serde_json::json;
use std::os::unix::fs::MetadataExt;

/// The exit code and the output of a command.
fn command(database: &Database, arguments: &[&str], data_key: Option<&str>) -> (Option<i32>, String) {
    let mut pairs = database.pairs();
    pairs.extend(data_key.map(|key| ("DATA_KEY".to_owned(), key.to_owned())));
    let output = run(arguments, &pairs);
    (
        output.status.code(),
        format!("{}{}", stdout(&output), stderr(&output)),
    )
}

/// L11: A backup holds no password of a login and is readable by its owner only. After the loss of the server it is restored on a new one:
/// all rows, grants and definitions are equal, the audit log is consistent and states which backup it is, the rates are the same,
/// and users log in with their second factors. Another data key is noticed.
#[test]
fn a_destroyed_database_is_restored_on_a_new_server() {
    let Some((scripts, cluster, database)) = source() else {
        return;
    };
    let app = App::over(&database);
    create_account(&database, "ann@example.org", Role::User);
    let ann = log_in(&app, "ann@example.org").access;
    let (secret, _) = enable_totp(&app, &ann);
    let wish = call_as(
        &app,
        &ann,
        "POST",
        "/wishes",
        &json!({"title": "See the northern lights"}),
    );
    assert_eq!(wish.status, 201);
    let rates = app.get(QUERY).body;

    let backup = Backup::of(&scripts, &database);
    for ending in ["dump", "inventory", "sha256"] {
        assert_eq!(
            std::fs::metadata(backup.file(ending)).unwrap().mode() & 0o777,
            0o600,
            "{ending}"
        );
    }
    let inventory = std::fs::read_to_string(backup.file("inventory")).unwrap();
    assert!(inventory.contains("\ntable rates.prices: 14 rows"), "{inventory}");
    assert!(!inventory.contains("SCRAM"));
    let (exit, verified) = command(&database, &["audit", "verify"], None);
    assert_eq!(exit, Some(0), "{verified}");
    app.stop();
    drop(cluster);

    let (_cluster, restored) = empty_target(&scripts);
    let output = scripts.restore(&restored, &backup.path);
    let (text, errors) = (stdout(&output), stderr(&output));
    assert!(output.status.success(), "{errors}");
    assert_eq!(
        command(&restored, &["audit", "verify"], None),
        (Some(0), verified)
    );

    let record: Vec<&str> = text.lines().last().unwrap().split(' ').skip(1).collect();
    let (exit, text) = command(
        &restored,
        &record,
        Some("nGm0rB3m0cZ7bq0m3nS6m5r1i0TTyWcK2c9d1hYk0eE="),
    );
    assert_eq!(exit, Some(65), "{text}");
    assert!(
        text.contains("DATA_KEY is not the one of the backup: it decrypts 0 of 1 second factors"),
        "{text}"
    );
    let (exit, text) = command(&restored, &record, None);
    assert_eq!(exit, Some(0), "{text}");
    assert!(text.contains("restored from portcullis-"), "{text}");
    // The log goes on now, so this is no fresh restore.
    let (exit, text) = command(&restored, &record, None);
    assert_eq!(exit, Some(3), "{text}");

    let app = App::over(&restored);
    assert_eq!(app.get("/health/ready").status, 200);
    assert_eq!(app.get(QUERY).body, rates);
    assert_eq!(
        try_log_in(&app, "ann@example.org", PASSWORD).status,
        401,
        "without a code"
    );
    restored.execute("UPDATE accounts.credentials SET totp_last_step = totp_last_step - 10");
    let ann = try_log_in_with_code(&app, "ann@example.org", PASSWORD, &code(&secret, 0));
    let ann = ann.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(
        get_as(&app, &ann, "/wishes").json()["wishes"][0]["title"],
        "See the northern lights"
    );
    let root = create_and_log_in(&app, &restored, "root@example.org", Role::Admin);
    let events = get_as(&app, &root, "/admin/audit?action=database.restored").json();
    let event = &events["events"][0];
    let name = backup.path.file_name().unwrap().to_str().unwrap();
    assert_eq!(event["subject"], format!("backup:{name}"), "{events}");
    let sums = std::fs::read_to_string(backup.file("sha256")).unwrap();
    assert!(
        sums.starts_with(event["detail"]["sha256"].as_str().unwrap()),
        "{events}"
    );
    assert!(event["detail"]["operator"]["user"].is_string(), "{events}");
    // New rows get new numbers, and the guards of the audit log are in place.
    create_account(&restored, "bob@example.org", Role::User);
    assert!(restored.try_execute("DELETE FROM audit.events").is_err());
    let (exit, text) = command(&restored, &["audit", "verify"], None);
    assert_eq!(exit, Some(0), "{text}");
}

/// L11: With pgaudit, whose schema `migrate prepare` creates as the administrator, a backup is restored too.
#[test]
fn a_database_with_pgaudit_is_restored() {
    let Some(scripts) = Scripts::find() else {
        return;
    };
    own_postgres::with_pgaudit(|_, database| {
        scripts.create_login(database);
        let backup = Backup::of(&scripts, database);
        let restored = Database {
            name: "restored".to_owned(),
            server: database.server.clone(),
        };
        prepare(&restored);
        restored.execute("GRANT CONNECT ON DATABASE restored TO portcullis_backup");
        let output = scripts.restore(&restored, &backup.path);
        assert!(output.status.success(), "{}", stderr(&output));
    });
}

/// L11: Issued logins are not restored, so neither are their default privileges (any login can set some) nor the membership of the role that
/// issues them, which PostgreSQL 16 and later create. PUBLIC's privileges that `migrate prepare` revokes are revoked afterwards.
#[test]
fn a_database_with_an_issued_login_is_restored() {
    let Some((scripts, _source_cluster, source)) = source() else {
        return;
    };
    source.execute(
        "CREATE ROLE \"v-ann\" LOGIN IN ROLE portcullis_access_rates_read; GRANT \"v-ann\" TO portcullis_owner; \
         SET ROLE \"v-ann\"; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    );
    let backup = Backup::of(&scripts, &source);
    let inventory = std::fs::read_to_string(backup.file("inventory")).unwrap();
    assert!(!inventory.contains("v-ann"), "{inventory}");

    let (_cluster, restored) = empty_target(&scripts);
    let output = scripts.restore(&restored, &backup.path);
    assert!(output.status.success(), "{}", stderr(&output));
    let revoked = "SELECT count(*)::text AS line FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace \
                   AND proname IN ('lo_create', 'pg_advisory_lock') AND has_function_privilege('public', oid, 'EXECUTE')";
    assert_eq!(restored.lines(revoked), ["0"]);
}

/// L11: A later version of PostgreSQL has other functions of its own, so the dump's privileges on them are not restored: `migrate prepare`
/// has revoked those of the new server.
#[test]
fn privileges_on_functions_of_another_version_do_not_prevent_a_restore() {
    let Some((scripts, _source_cluster, source)) = source() else {
        return;
    };
    // The dump has the privileges on it, since they are not those of `initdb`, and the new server has no function of this name.
    source.execute(
        "SET allow_system_table_mods = on; ALTER FUNCTION pg_catalog.pg_advisory_lock(int, int) RENAME TO pg_advisory_lock_of_15",
    );
    let backup = Backup::of(&scripts, &source);
    let (_cluster, restored) = empty_target(&scripts);
    let output = scripts.restore(&restored, &backup.path);
    assert!(output.status.success(), "{}", stderr(&output));
}

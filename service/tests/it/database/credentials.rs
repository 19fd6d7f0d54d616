//! Credentials that are replaced under load, with logins that exist only as long as their connections.

use crate::support::database::Database;
use diesel::RunQueryDsl;
use diesel::sql_query;
use portcullis::config::database::{Authentication, CredentialsSource, Login};
use portcullis::config::secret::SecretSource;
use portcullis::db::DbError;
use portcullis::db::conninfo::{Purpose, WriteTarget};
use portcullis::db::pool::{ConnectError, Connections, Draining};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

const PURPOSE: Purpose = Purpose::Change(WriteTarget::Wishes);

/// Creates a login with the rights of the wishes' one, as Vault does.
fn issue(database: &Database, user: &str) -> Login {
    database.execute(&format!(
        "CREATE ROLE {user} LOGIN PASSWORD 'secret-of-{user}' IN ROLE portcullis_wishes_writer"
    ));
    login(user)
}

fn login(user: &str) -> Login {
    Login {
        name: "wishes",
        user: user.to_owned(),
        password_key: "DATABASE_WISHES_PASSWORD",
        source: password(&format!("secret-of-{user}")),
        authentication: Authentication::Scram,
    }
}

fn password(value: &str) -> CredentialsSource {
    CredentialsSource::Password(Some(SecretSource::Value(value.into())))
}

/// Removes a login and ends its connections, as the revocation of a lease does.
fn revoke(database: &Database, user: &str) {
    database.execute(&format!("ALTER ROLE {user} NOLOGIN"));
    database.execute(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'; DROP ROLE {user}"
    ));
}

fn finish(draining: Draining) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(draining.finished());
}

/// Transactions that succeeded and failed.
#[derive(Debug, Default)]
struct Counts {
    succeeded: AtomicU32,
    failed: AtomicU32,
}

/// Runs transactions on more threads than there are connections, some of them slow, while `meanwhile` runs.
fn under_load(connections: &Connections, meanwhile: impl FnOnce()) -> Counts {
    let (counts, ended) = (Counts::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for thread in 0..12 {
            let (counts, ended) = (&counts, &ended);
            scope.spawn(move || {
                for round in thread.. {
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                    let seconds = if round % 50 == 0 { 0.3 } else { 0.001 };
                    let statement = format!(
                        "SELECT pg_sleep({seconds}) FROM wishes.wishes RIGHT JOIN (SELECT 1) one ON true"
                    );
                    let result = connections.transaction("test", |conn| sql_query(&statement).execute(conn));
                    let counter = if result.is_ok() {
                        &counts.succeeded
                    } else {
                        &counts.failed
                    };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        meanwhile();
        ended.store(true, Ordering::Relaxed);
    });
    counts
}

/// Replaces the login again and again; returns what happened to the load. `revoke_at_once`: not after the last connection.
fn rotate(times: usize, revoke_at_once: bool) -> Counts {
    let database = Database::fresh();
    let settings = database.settings(&[("DATABASE_WISHES_POOL_SIZE", "4")]).database;
    let user = |number: usize| format!("{}_login_{number}", database.name);
    let connections = Connections::open(&settings, &issue(&database, &user(0)), PURPOSE);
    let counts = under_load(&connections, || {
        for number in 1..=times {
            let login = issue(&database, &user(number));
            let draining = connections.replace(&login).unwrap().unwrap();
            if !revoke_at_once {
                finish(draining);
            }
            revoke(&database, &user(number - 1));
        }
    });
    connections.close();
    drop(connections);
    revoke(&database, &user(times));
    counts
}

/// V3: In 20 replacements of the credentials under load, no transaction fails, although each former login is dropped.
#[test]
fn no_transaction_fails_when_credentials_are_replaced() {
    let counts = rotate(20, false);
    assert_eq!(counts.failed.load(Ordering::Relaxed), 0, "{counts:?}");
    assert!(counts.succeeded.load(Ordering::Relaxed) > 200, "{counts:?}");
}

/// V10: The same test fails if the former login is dropped before its last connection is closed.
#[test]
fn transactions_fail_when_credentials_are_revoked_too_early() {
    let counts = rotate(5, true);
    assert!(counts.failed.load(Ordering::Relaxed) > 0, "{counts:?}");
}

/// L6: A stop waits for connections that are in use: one that is closed while the process exits would crash it.
#[test]
fn closing_waits_for_a_connection_in_use() {
    let database = Database::fresh();
    let settings = database.settings(&[]).database;
    let connections = Connections::open(&settings, &settings.wishes, PURPOSE);
    let held = connections.hold().unwrap();
    let is_closed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            connections.close();
            is_closed.store(true, Ordering::Relaxed);
        });
        std::thread::sleep(Duration::from_millis(300));
        assert!(!is_closed.load(Ordering::Relaxed));
        drop(held);
    });
    assert!(is_closed.load(Ordering::Relaxed));
    assert_eq!(connections.hold().err(), Some(DbError::Unavailable));
}

/// V3: Credentials that do not work replace none.
#[test]
fn credentials_that_do_not_work_are_refused() {
    let database = Database::fresh();
    let settings = database.settings(&[]).database;
    let connections = Connections::open(&settings, &settings.wishes, PURPOSE);
    let mut wrong = settings.wishes;
    wrong.source = password("wrong");
    let refused = connections.replace(&wrong);
    assert!(matches!(refused, Err(ConnectError::LoginRefused(_))));
    let works = connections.repeat("test", |conn| sql_query("SELECT 1").execute(conn));
    assert_eq!(works, Ok(1));
    connections.close();
}

/// V3: Credentials with fewer or more rights than their purpose needs replace none.
#[test]
fn credentials_of_another_group_are_refused() {
    let database = Database::fresh();
    let settings = database.settings(&[]).database;
    let connections = Connections::open(&settings, &settings.wishes, PURPOSE);
    for groups in [
        "portcullis_rates_reader",
        "portcullis_wishes_writer, portcullis_accounts_writer",
    ] {
        let user = format!("{}_login", database.name);
        database.execute(&format!(
            "CREATE ROLE {user} LOGIN PASSWORD 'secret-of-{user}' IN ROLE {groups}"
        ));
        let refused = connections.replace(&login(&user));
        let Err(error) = refused else {
            panic!("{groups} replaced the credentials")
        };
        let expected = "the login must be a member of portcullis_wishes_writer and have no other rights";
        assert_eq!(error.to_string(), expected);
        revoke(&database, &user);
    }
    connections.close();
}

/// V4: A role that is dropped while its connections stay open is noticed by the first failed statement.
#[test]
fn a_role_that_is_dropped_under_its_connections_is_noticed() {
    let database = Database::fresh();
    let settings = database.settings(&[]).database;
    let connections = Connections::without_credentials(&settings, PURPOSE);
    let read = || {
        connections.repeat("test", |conn| {
            sql_query("SELECT FROM wishes.wishes").execute(conn)
        })
    };
    assert_eq!(read(), Err(DbError::Unavailable));
    let user = |number: usize| format!("{}_login_{number}", database.name);
    assert!(
        connections
            .replace(&issue(&database, &user(0)))
            .unwrap()
            .is_none()
    );
    assert_eq!(read(), Ok(0));
    assert_eq!(connections.check().map_err(|error| error.to_string()), Ok(()));
    // As if the revocation missed connections that were opened while it ran.
    database.execute(&format!("DROP ROLE {}", user(0)));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(read);
        let suspected = async {
            let limit = Duration::from_secs(20);
            tokio::time::timeout(limit, connections.suspected())
                .await
                .unwrap();
        };
        runtime.block_on(suspected);
        assert!(matches!(connections.check(), Err(ConnectError::LoginRefused(_))));
        let _draining = connections.replace(&issue(&database, &user(1))).unwrap();
        assert_eq!(
            waiting.join().unwrap(),
            Ok(0),
            "the read waits for the new credentials"
        );
    });
    connections.close();
    drop(connections);
    revoke(&database, &user(1));
}

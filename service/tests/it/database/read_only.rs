//! A server that has become read-only: a standby after a failover, or a primary that an operator or a provider protects.

use crate::support::accounts::{PASSWORD, create_account, try_log_in};
use crate::support::app::{App, wait_for_status};
use crate::support::database::Database;
use crate::support::own_postgres;
use crate::support::sample_data::{QUERY, small};
use diesel::connection::SimpleConnection;
use portcullis::types::role::Role;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn log_in_status(app: &App) -> u16 {
    let response = try_log_in(app, "ann@example.org", PASSWORD);
    if response.status == 503 {
        assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
    response.status
}

/// A5, B16: While the server is read-only, readiness and changes are 503 and rates are read; afterwards both recover without a
/// restart of the service.
#[test]
fn a_read_only_server_is_unavailable_for_changes_until_it_is_writable_again() {
    let (_cluster, server) = own_postgres::start_with_data(&small());
    let database = Database {
        name: "portcullis".to_owned(),
        server,
    };
    create_account(&database, "ann@example.org", Role::User);
    let app = App::start(&database.settings(&[("MAIL_FOLDER", "/dev/null/mails")]));
    wait_for_status(200, SOON, || app.get("/health/ready"));
    assert_eq!(log_in_status(&app), 200);
    let mut admin = database.admin();
    for _ in 0..2 {
        admin
            .batch_execute("ALTER SYSTEM SET default_transaction_read_only = on")
            .unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").unwrap();
        // The connections of before are open and can only read.
        wait_for_status(503, SOON, || try_log_in(&app, "ann@example.org", PASSWORD));
        assert_eq!(log_in_status(&app), 503);
        app.get("/health/ready").problem(503);
        assert_eq!(app.get(QUERY).status, 200);
        admin
            .batch_execute("ALTER SYSTEM RESET default_transaction_read_only")
            .unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").unwrap();
        wait_for_status(200, SOON, || app.get("/health/ready"));
        wait_for_status(200, SOON, || try_log_in(&app, "ann@example.org", PASSWORD));
    }
}

/// A5, B16: Readiness notices by itself that the writing login can only read, and that it can write again.
#[test]
fn readiness_asks_a_login_that_writes() {
    let (_cluster, server) = own_postgres::start();
    let database = Database {
        name: "portcullis".to_owned(),
        server,
    };
    create_account(&database, "ann@example.org", Role::User);
    database.execute("ALTER ROLE portcullis_accounts SET default_transaction_read_only = on");
    let app = App::start(&database.settings(&[("MAIL_FOLDER", "/dev/null/mails")]));
    app.get("/health/ready").problem(503);
    assert_eq!(log_in_status(&app), 503);
    database.execute("ALTER ROLE portcullis_accounts RESET default_transaction_read_only");
    wait_for_status(200, SOON, || app.get("/health/ready"));
    assert_eq!(log_in_status(&app), 200);
}

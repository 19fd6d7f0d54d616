//! Connections that a server, a pooler or a firewall closes while they are idle: no request fails for it, changes included.

use crate::support::accounts::{PASSWORD, call_as, create_and_log_in, try_log_in};
use crate::support::app::{App, wait_for_status};
use crate::support::database::{Database, lines};
use crate::support::own_postgres;
use crate::support::tcp_proxy::TcpProxy;
use crate::support::wait::wait_until;
use portcullis::types::role::Role;
use serde_json::json;
use std::time::Duration;

/// The connections of the writing logins. What reads the version of the rates opens another one at once.
const POOLED: &str = "SELECT count(*)::text AS line FROM pg_stat_activity WHERE datname = current_database()
    AND application_name IN ('portcullis-accounts', 'portcullis-wishes')";

/// Makes one change through each of the writing logins; each must succeed at the first attempt.
fn change_once(app: &App, token: &str) {
    let wish = call_as(app, token, "POST", "/wishes", &json!({"title": "w"}));
    assert_eq!(wish.status, 201, "{wish:?}");
    let login = try_log_in(app, "ann@example.org", PASSWORD);
    assert_eq!(login.status, 200, "{login:?}");
}

/// A5, B16: After all connections were terminated, the first change through each login succeeds.
#[test]
fn the_first_change_after_terminated_connections_succeeds() {
    let database = Database::fresh();
    let app = App::over(&database);
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    for _ in 0..5 {
        change_once(&app, &token);
        database.lines(
            "SELECT pg_terminate_backend(pid)::text AS line FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE 'portcullis-%'",
        );
        wait_until("the connections are closed", || database.lines(POOLED) == ["0"]);
    }
    change_once(&app, &token);
}

/// A5, B16: With `idle_session_timeout`, the first change after each idle period succeeds.
#[test]
fn the_first_change_after_an_idle_timeout_succeeds() {
    let (_cluster, server) = own_postgres::start();
    let database = Database {
        name: "portcullis".to_owned(),
        server,
    };
    // PostgreSQL 13 has no such setting.
    let mut admin = database.admin();
    let has_setting = "SELECT count(*)::text AS line FROM pg_settings WHERE name = 'idle_session_timeout'";
    if lines(&mut admin, has_setting).unwrap() == ["0"] {
        return;
    }
    database.execute("ALTER DATABASE portcullis SET idle_session_timeout = '400ms'");
    let app = App::start(&database.settings(&[("MAIL_FOLDER", "/dev/null/mails")]));
    wait_for_status(200, Duration::from_secs(5), || app.get("/health/ready"));
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    for _ in 0..4 {
        wait_until("the connections are closed", || database.lines(POOLED) == ["0"]);
        change_once(&app, &token);
    }
}

/// A5, B16: A connection that is found dead only when BEGIN is sent does not fail the change.
#[test]
fn a_change_is_repeated_when_begin_is_lost() {
    let database = Database::fresh();
    let proxy = TcpProxy::to(&database.server);
    let app = App::start(&database.settings(&proxy.settings()));
    let token = create_and_log_in(&app, &database, "ann@example.org", Role::User);
    for _ in 0..3 {
        change_once(&app, &token);
        proxy.drop_on_next_use();
    }
    change_once(&app, &token);
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM wishes.wishes"),
        ["4"]
    );
}

//! What logins leave in a database does not keep them.

use super::{HOUR, create, drop_login, name, roles};
use crate::support::database::Database;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;

const GROUP: &str = "portcullis_rates_reader";

/// Any login may leave this, and DROP ROLE refuses while it exists.
const DEFAULT_PRIVILEGES: &str = "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC";

fn issue(database: &Database, suffix: &str) -> (PgConnection, String) {
    let mut conn = database.login("vault");
    let user = name(database, suffix);
    conn.batch_execute(&create(&user, "issued-password", HOUR, GROUP))
        .unwrap();
    (conn, user)
}

/// V11, N5: A login that changed its default privileges is dropped.
#[test]
fn a_login_with_default_privileges_is_dropped() {
    let database = Database::fresh();
    let (mut conn, user) = issue(&database, "default-privileges");
    let connect = || database.server.connect(&database.name, &user, "issued-password");
    let mut session = connect().unwrap();
    session.batch_execute(DEFAULT_PRIVILEGES).unwrap();
    conn.batch_execute(&drop_login(&user)).unwrap();
    assert!(session.batch_execute("SELECT FROM rates.ports").is_err());
    assert!(connect().is_err());
    assert_eq!(roles(&database, &user), Vec::<String>::new());
}

/// V11, N5: A login that cannot be dropped, because something of it is in another database, is closed, and the next sweep that
/// can drop it does.
#[test]
fn a_login_that_cannot_be_dropped_is_closed() {
    let (database, other) = (Database::fresh(), Database::fresh());
    let (mut conn, user) = issue(&database, "elsewhere");
    let connect = || database.server.connect(&database.name, &user, "issued-password");
    let mut session = connect().unwrap();
    let mut elsewhere = other
        .server
        .connect(&other.name, &user, "issued-password")
        .unwrap();
    elsewhere.batch_execute(DEFAULT_PRIVILEGES).unwrap();
    conn.batch_execute(&drop_login(&user)).unwrap();
    for session in [&mut session, &mut elsewhere] {
        assert!(session.batch_execute("SELECT FROM rates.ports").is_err());
    }
    assert!(connect().is_err());
    let state = format!(
        "SELECT concat(rolcanlogin, ' ', rolpassword IS NULL) AS line FROM pg_authid WHERE rolname = '{user}'"
    );
    assert_eq!(database.lines(&state), ["f t"]);
    // Its end is not over, and it is swept.
    let mut conn = other.login("vault");
    conn.batch_execute("SELECT vault_api.sweep_expired('1 hour')")
        .unwrap();
    assert_eq!(roles(&database, &user), Vec::<String>::new());
}

/// K3, V11, N5: A transaction in which a login changes its own password holds the login's row. It delays neither the end of the login
/// nor, once it has expired, other logins.
#[test]
fn an_open_change_of_its_password_does_not_preserve_a_login() {
    let database = Database::fresh();
    let (mut conn, user) = issue(&database, "own-password");
    let expired = name(&database, "own-password-expired");
    conn.batch_execute(&create(&expired, "issued-password", HOUR, GROUP))
        .unwrap();
    let mut sessions = [&user, &expired].map(|user| {
        database
            .server
            .connect(&database.name, user, "issued-password")
            .unwrap()
    });
    database.execute(&format!(r#"ALTER ROLE "{expired}" VALID UNTIL '2020-01-01'"#));
    for session in &mut sessions {
        session
            .batch_execute("BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'its own'")
            .unwrap();
    }
    conn.batch_execute(&drop_login(&user)).unwrap();
    // It sweeps.
    let next = name(&database, "next");
    conn.batch_execute(&create(&next, "issued-password", HOUR, GROUP))
        .unwrap();
    for session in &mut sessions {
        assert!(session.batch_execute("SELECT 1").is_err());
    }
    assert_eq!(roles(&database, &user), Vec::<String>::new());
    assert_eq!(roles(&database, &expired), Vec::<String>::new());
    conn.batch_execute(&drop_login(&next)).unwrap();
}

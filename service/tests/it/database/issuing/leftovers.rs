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

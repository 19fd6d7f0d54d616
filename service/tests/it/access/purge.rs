//! Failed attempts to issue a login are deleted after a time.

use super::parties::WITHOUT_VAULT;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;

/// The logins that are left.
fn left(database: &Database) -> Vec<String> {
    database.lines("SELECT accessor AS line FROM access.logins ORDER BY accessor")
}

/// N6: An attempt to issue a login that failed and was revoked 30 days ago is deleted. Younger ones, those that are not revoked, and
/// logins that were issued or ended otherwise remain, whatever the service's login does.
#[test]
fn old_failed_attempts_are_deleted() {
    let database = Database::fresh();
    database.execute(
        "INSERT INTO access.requests (requester_id, level, reason, hours) VALUES (1, 'rates-read', 'x', 8);
         INSERT INTO access.logins (id, request_id, expires_at, accessor, ended_at, end_reason, revoked_at)
         SELECT gen_random_uuid(), r.id, now(), a.accessor, now() - interval '40 days', a.reason, a.revoked_at
         FROM access.requests r,
           (VALUES ('expired', 'expired', now() - interval '31 days'), ('issued', 'failed', now() - interval '31 days'),
             ('old', 'failed', now() - interval '31 days'), ('unrevoked', 'failed', NULL),
             ('young', 'failed', now() - interval '29 days')) a (accessor, reason, revoked_at);
         UPDATE access.logins SET name = 'v-x', lease_id = 'x', issued_at = now(), token_expires_at = now()
         WHERE accessor = 'issued'",
    );
    let app = App::start(&database.settings(&WITHOUT_VAULT));
    wait_until("the attempt is deleted", || left(&database).len() == 4);
    let others = ["expired", "issued", "unrevoked", "young"];
    assert_eq!(left(&database), others);
    app.stop();
    let mut login = database.login("accounts");
    for age in ["0", "-10 years"] {
        let purge = format!("SELECT access.purge_failed_logins('{age}', 100)");
        login.batch_execute(&purge).unwrap();
    }
    assert_eq!(left(&database), others);
    assert!(login.batch_execute("DELETE FROM access.logins").is_err());
}

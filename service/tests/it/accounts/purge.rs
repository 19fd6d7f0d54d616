//! Deleted accounts are deleted for good after their retention.

use crate::support::accounts::create_account;
use crate::support::app::App;
use crate::support::database::Database;
use crate::support::wait::wait_until;
use diesel::connection::SimpleConnection;
use portcullis::types::role::Role;

fn emails(database: &Database) -> Vec<String> {
    database.lines("SELECT email AS line FROM accounts.accounts ORDER BY id")
}

/// E10: An account that was deleted longer ago than the retention is deleted for good, with its wishes and sessions; an
/// audit event remains.
#[test]
fn a_deleted_account_is_purged_after_its_retention() {
    let database = Database::fresh();
    let old = create_account(&database, "old@example.org", Role::User);
    create_account(&database, "young@example.org", Role::User);
    create_account(&database, "ann@example.org", Role::User);
    database.execute(&format!(
        "INSERT INTO wishes.wishes (account_id, title) SELECT id, 'A ship' FROM accounts.accounts;
         UPDATE accounts.accounts SET deleted_at = now() - interval '11 days' WHERE id = {old};
         UPDATE accounts.accounts SET deleted_at = now() - interval '9 days' WHERE email LIKE 'young%'"
    ));
    let settings = database.settings(&[("DELETED_ACCOUNT_RETENTION", "10")]);
    let app = App::start(&settings);
    wait_until("the account is purged", || emails(&database).len() == 2);
    assert_eq!(emails(&database), ["young@example.org", "ann@example.org"]);
    assert_eq!(
        database.lines("SELECT count(*)::text AS line FROM wishes.wishes"),
        ["2"]
    );
    let events = database.lines("SELECT action || ' ' || subject AS line FROM audit.events");
    assert_eq!(events, [format!("account.purged account:{old}")]);
    app.stop();
}

/// K3: The service's login cannot delete accounts that are in use, nor any within a day of its deletion.
#[test]
fn the_login_can_purge_only_accounts_deleted_a_day_ago() {
    let database = Database::fresh();
    create_account(&database, "used@example.org", Role::User);
    create_account(&database, "young@example.org", Role::User);
    database.execute(
        "UPDATE accounts.accounts SET deleted_at = now() - interval '23 hours' WHERE email LIKE 'young%'",
    );
    let mut login = database.login("accounts");
    for age in ["0", "-10 years"] {
        let purge = format!("SELECT accounts.purge_deleted('{age}', 100)");
        login.batch_execute(&purge).unwrap();
    }
    assert_eq!(emails(&database).len(), 2);
    assert!(login.batch_execute("DELETE FROM accounts.accounts").is_err());
}

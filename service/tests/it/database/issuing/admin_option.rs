//! Who may grant and drop roles. Since PostgreSQL 16 that needs the admin option on each; an administrator without superuser,
//! as of a managed server, has it on the roles that it creates, and the issuer on those that it issues or was given.

use super::{GROUPS, HOUR, create, drop_login, error_of, name, roles, verifier};
use crate::support::database::{Database, Server};
use crate::support::own_postgres;
use diesel::connection::SimpleConnection;
use portcullis::db::prepare;

/// A new server, and a database that its administrator has prepared and migrated.
fn prepared() -> (private_postgres::Cluster, Database) {
    let (cluster, superuser) = own_postgres::start_empty();
    superuser
        .admin("postgres")
        .batch_execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'test-manager-password'")
        .unwrap();
    let server = Server {
        user: "manager".to_owned(),
        password: "test-manager-password".to_owned(),
        ..superuser
    };
    server.create_database("managed");
    let name = "managed".to_owned();
    (cluster, Database { name, server })
}

/// Whether memberships have options, as since PostgreSQL 16.
fn has_membership_options(database: &Database) -> bool {
    let version = database.lines("SELECT current_setting('server_version_num') AS line");
    version[0].parse::<u32>().unwrap() >= 160_000
}

/// K3, V11: What this administrator prepares, also again, issues, extends and drops logins of each group.
#[test]
fn an_administrator_without_superuser_prepares_what_issues_logins() {
    let (_cluster, database) = prepared();
    let mut conn = database.login("vault");
    for _ in 0..2 {
        for (group, login) in GROUPS {
            let user = name(&database, login);
            conn.batch_execute(&create(&user, "issued-password", HOUR, group))
                .unwrap();
            let mut issued = database
                .server
                .connect(&database.name, &user, "issued-password")
                .unwrap();
            conn.batch_execute(&format!(
                "SELECT vault_api.extend_login('{user}', now() + interval '2 hours')"
            ))
            .unwrap();
            conn.batch_execute(&drop_login(&user)).unwrap();
            assert!(issued.batch_execute("SELECT 1").is_err(), "{user} is connected");
        }
        prepare::prepare(&database.settings(&[]).database, true).unwrap();
    }
}

/// V8: The issuer changes the passwords of the static logins that this administrator creates.
#[test]
fn static_logins_get_passwords_from_vault() {
    let (_cluster, database) = prepared();
    for round in 0..2 {
        prepare::prepare(&database.settings(&[]).database, true).unwrap();
        let mut conn = database.login("vault");
        for login in ["rates", "ingest", "accounts", "wishes", "mail", "demo"] {
            let user = format!("s-managed_{login}");
            let password = format!("static-password-{round}");
            conn.batch_execute(&format!(
                "SELECT vault_api.set_password('{user}', '{}')",
                verifier(&password)
            ))
            .unwrap();
            database.server.connect("managed", &user, &password).unwrap();
        }
    }
}

/// V11: An issued login cannot make its group the current role, with whose privileges its session could outlive it. Before
/// PostgreSQL 16 that cannot be forbidden, so a login that is dropped has no sessions left.
#[test]
fn an_issued_login_does_not_become_its_group() {
    let database = Database::fresh();
    let is_forbidden = has_membership_options(&database);
    let mut conn = database.login("vault");
    for (group, login) in GROUPS {
        let user = name(&database, login);
        conn.batch_execute(&create(&user, "issued-password", HOUR, group))
            .unwrap();
        let session = database.server.connect(&database.name, &user, "issued-password");
        let mut session = session.unwrap();
        let statement = format!("SET ROLE {group}");
        if is_forbidden {
            let error = error_of(&mut session, &statement);
            assert!(error.contains("permission denied to set role"), "{error}");
        } else {
            session.batch_execute(&statement).unwrap();
        }
        conn.batch_execute(&drop_login(&user)).unwrap();
        assert!(session.batch_execute("SELECT 1").is_err(), "{user} is connected");
    }
}

/// V11: A login from before an upgrade to PostgreSQL 16, on which the issuer has no admin option, is dropped after preparing again.
#[test]
fn a_login_from_before_an_upgrade_is_dropped() {
    let database = Database::fresh();
    let user = name(&database, "upgraded");
    database.execute(&format!(
        "CREATE ROLE \"{user}\" LOGIN IN ROLE portcullis_rates_reader"
    ));
    let mut conn = database.login("vault");
    if has_membership_options(&database) {
        let error = error_of(&mut conn, &drop_login(&user));
        assert!(error.contains("permission denied"), "{error}");
    }
    let settings = database.settings(&[]).database;
    database
        .server
        .with_role_lock(|| prepare::prepare(&settings, false).unwrap());
    conn.batch_execute(&drop_login(&user)).unwrap();
    assert_eq!(roles(&database, &user), Vec::<String>::new());
}

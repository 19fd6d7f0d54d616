//! The audit of statements (pgaudit): each statement of a person is in the server's log with the person's login, and nothing
//! secret is in it.

use crate::support::accounts::create_and_log_in;
use crate::support::app::App;
use crate::support::database::{Database, PASSWORDS};
use crate::support::own_postgres;
use crate::support::vault::TestVault;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use fake_vault::Options;
use portcullis::types::role::Role;
use private_postgres::Cluster;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn log(cluster: &Cluster) -> String {
    String::from_utf8_lossy(&std::fs::read(&cluster.options().log).unwrap()).into_owned()
}

/// The lines of the log with this text that pgaudit wrote for this login.
fn audited(cluster: &Cluster, user: &str, text: &str) -> Vec<String> {
    let start = Instant::now();
    loop {
        let log = log(cluster);
        // A statement of several lines continues behind a tab.
        let log = log.replace("\n\t", " ");
        let lines = log
            .lines()
            .filter(|line| line.contains(&format!("{user}@portcullis LOG:  AUDIT:")) && line.contains(text));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        if !lines.is_empty() || start.elapsed() > Duration::from_secs(5) {
            return lines;
        }
        sleep(Duration::from_millis(20));
    }
}

/// A login of a person, issued by Vault as for an approved request.
struct Person {
    user: String,
    password: String,
}

impl Person {
    fn issue(vault: &TestVault, database: &Database) -> Self {
        database.execute(
            "GRANT USAGE ON SCHEMA rates TO portcullis_access_rates_read;
             GRANT SELECT ON rates.ports, rates.regions TO portcullis_access_rates_read",
        );
        let token = vault.write("auth/token/create/portcullis-access", &json!({}));
        let token = token["auth"]["client_token"].as_str().unwrap();
        let path = "database/creds/portcullis-access-rates-read";
        let (status, answer) = vault.call_as(token, "GET", path, &Value::Null);
        assert_eq!(status, 200, "{answer}");
        let text = |name: &str| answer["data"][name].as_str().unwrap().to_owned();
        Self {
            user: text("username"),
            password: text("password"),
        }
    }

    fn connect(&self, database: &Database) -> PgConnection {
        database
            .server
            .connect(&database.name, &self.user, &self.password)
            .unwrap()
    }
}

/// N1: Every way to read data is logged with the person's login, the statement and its parameters.
#[test]
fn each_statement_of_a_person_is_logged_with_the_login() {
    own_postgres::with_pgaudit(|cluster, database| {
        let vault = TestVault::over(database);
        let person = Person::issue(&vault, database);
        let mut conn = person.connect(database);
        database.execute(
            "INSERT INTO rates.regions (slug, name) VALUES ('audited', 'Audited'); ANALYZE rates.regions",
        );
        for (statement, text) in [
            ("SELECT code AS way_1 FROM rates.ports", "way_1"),
            ("COPY (SELECT code AS way_2 FROM rates.ports) TO STDOUT", "way_2"),
            (
                "DO $$ BEGIN PERFORM code AS way_3 FROM rates.ports; END $$",
                "READ,SELECT,,,SELECT code AS way_3",
            ),
            (
                "SELECT query_to_xml('SELECT code AS way_4 FROM rates.ports', true, false, '')",
                "way_4",
            ),
            (
                "BEGIN; DECLARE c CURSOR FOR SELECT code AS way_5 FROM rates.ports; FETCH ALL FROM c; COMMIT",
                "way_5",
            ),
            ("EXPLAIN ANALYZE SELECT code AS way_6 FROM rates.ports", "way_6"),
            (
                "PREPARE p AS SELECT code AS way_7 FROM rates.ports; EXECUTE p",
                "way_7",
            ),
            // Statistics show values of tables.
            (
                "SELECT most_common_vals AS way_8 FROM pg_stats WHERE schemaname = 'rates'",
                "way_8",
            ),
            ("TABLE rates.regions", "TABLE rates.regions"),
            ("SET application_name = 'another person'", "another person"),
            (
                "WITH w AS (SELECT code AS way_9 FROM rates.ports) SELECT FROM w",
                "way_9",
            ),
            (
                "SET ROLE portcullis_access_rates_read; SELECT code AS way_10 FROM rates.ports; RESET ROLE",
                "way_10",
            ),
        ] {
            // COPY TO STDOUT is refused by the client library after the server has run it.
            let _ = conn.batch_execute(statement);
            assert_ne!(
                audited(cluster, &person.user, text),
                Vec::<String>::new(),
                "{statement}\n{}",
                log(cluster)
            );
            if statement.starts_with("COPY") {
                conn = person.connect(database);
            }
        }
        let bound = diesel::sql_query("SELECT name AS line FROM rates.ports WHERE code = $1")
            .bind::<Text, _>("bound-value-1");
        bound.execute(&mut conn).unwrap();
        assert_ne!(
            audited(cluster, &person.user, "bound-value-1"),
            Vec::<String>::new()
        );
        // What is refused is no statement that read anything; it is in the log as an error with the login.
        assert!(conn.batch_execute("SELECT FROM accounts.credentials").is_err());
        assert!(log(cluster).contains(&format!("{}@portcullis ERROR:  permission denied", person.user)));
        // An issued login of the service is not audited.
        let (status, answer) = vault.call("GET", "database/creds/portcullis-rates", &Value::Null);
        assert_eq!(status, 200, "{answer}");
        let text = |name: &str| answer["data"][name].as_str().unwrap().to_owned();
        let mut service = database
            .server
            .connect(&database.name, &text("username"), &text("password"))
            .unwrap();
        service
            .batch_execute("SELECT code AS of_the_service FROM rates.ports")
            .unwrap();
        assert!(!log(cluster).contains("of_the_service"));
    });
}

/// N1: A person cannot switch the audit off, in a session, for later sessions or from within a function.
#[test]
fn a_person_cannot_switch_the_audit_off() {
    own_postgres::with_pgaudit(|cluster, database| {
        let vault = TestVault::over(database);
        let person = Person::issue(&vault, database);
        let user = &person.user;
        let mut conn = person.connect(database);
        let parameters = [
            "log",
            "log_catalog",
            "log_parameter",
            "log_statement",
            "log_statement_once",
            "log_level",
            "role",
        ];
        let mut refused: Vec<String> = Vec::new();
        for parameter in parameters {
            for value in ["none", "off", "on", "debug5"] {
                refused.push(format!("SET pgaudit.{parameter} = '{value}'"));
                refused.push(format!("SET LOCAL pgaudit.{parameter} = '{value}'"));
                refused.push(format!(
                    "SELECT set_config('pgaudit.{parameter}', '{value}', false)"
                ));
                refused.push(format!(
                    "ALTER ROLE \"{user}\" SET pgaudit.{parameter} = '{value}'"
                ));
            }
            refused.push(format!("RESET pgaudit.{parameter}"));
            refused.push(format!("ALTER ROLE \"{user}\" RESET pgaudit.{parameter}"));
            refused.push(format!(
                "DO $$ BEGIN PERFORM set_config('pgaudit.{parameter}', '', true); END $$"
            ));
        }
        refused.extend(
            [
                "ALTER DATABASE portcullis SET pgaudit.log = 'none'",
                "ALTER SYSTEM SET pgaudit.log = 'none'",
                "SET SESSION AUTHORIZATION portcullis_rates",
                "SET log_min_messages = 'panic'",
                "SET log_destination = 'csvlog'",
                "UPDATE pg_settings SET setting = 'none' WHERE name = 'pgaudit.log'",
                "CREATE FUNCTION rates.f() RETURNS int LANGUAGE sql SET pgaudit.log = 'none' AS 'SELECT 1'",
                "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET pgaudit.log = 'none' AS 'SELECT 1'",
                "ALTER FUNCTION pg_catalog.now() SET pgaudit.log = 'none'",
                "ALTER EXTENSION pgaudit SET SCHEMA public",
                "DROP EXTENSION pgaudit",
                "DROP SCHEMA pgaudit CASCADE",
                "LOAD 'pgaudit'",
                "SELECT pg_reload_conf()",
                "SELECT pg_rotate_logfile()",
                "SELECT vault_api.create_login('v-x', 'x', now(), 'portcullis_rates_reader', false)",
            ]
            .map(str::to_owned),
        );
        for statement in &refused {
            assert!(conn.batch_execute(statement).is_err(), "{statement}");
            let _ = conn.batch_execute("ROLLBACK");
        }
        // These succeed and leave the settings that only a superuser may change.
        for statement in [
            "DISCARD ALL",
            "RESET ALL",
            &format!("ALTER ROLE \"{user}\" RESET ALL"),
        ] {
            conn.batch_execute(statement).unwrap();
        }
        // Nor do settings at the start of a connection.
        let options = format!(
            "host={} port={} dbname=portcullis user={user} password={} options='-c pgaudit.log=none'",
            database.server.host, database.server.port, person.password
        );
        assert!(PgConnection::establish(&options).is_err());
        for (number, mut conn) in [conn, person.connect(database)].into_iter().enumerate() {
            conn.batch_execute(&format!("SELECT code AS after_{number} FROM rates.ports"))
                .unwrap();
            assert_ne!(
                audited(cluster, user, &format!("after_{number}")),
                Vec::<String>::new()
            );
        }
    });
}

/// V11: However much the server logs, no password and no verifier is in its log: not of the logins that Vault issues, also when
/// that fails, and not of the accounts of the service.
#[test]
fn no_password_or_verifier_reaches_the_log() {
    own_postgres::with_pgaudit(|cluster, database| {
        let vault = TestVault::not_set_up(database, &Options::default());
        let before = log(cluster).len();
        database.execute("ALTER DATABASE portcullis SET pgaudit.log = 'role,ddl'");
        for setting in [
            "log_statement = 'all'",
            "log_min_duration_statement = 0",
            "log_min_error_statement = 'debug5'",
            "log_error_verbosity = 'verbose'",
            "pgaudit.log = 'all'",
            "pgaudit.log_parameter = on",
        ] {
            database.execute(&format!("ALTER SYSTEM SET {setting}"));
        }
        database.execute("SELECT pg_reload_conf()");
        sleep(Duration::from_millis(300));
        vault.set_up().unwrap();
        let mut passwords = Vec::new();
        for path in [
            "database/creds/portcullis-rates",
            "database/static-creds/portcullis-static-rates",
        ] {
            let (status, answer) = vault.call("GET", path, &Value::Null);
            assert_eq!(status, 200, "{answer}");
            passwords.push(answer["data"]["password"].as_str().unwrap().to_owned());
        }
        vault.write("database/rotate-role/portcullis-static-rates", &json!({}));
        vault.write("database/rotate-root/portcullis", &json!({}));
        // Calls that fail, as Vault's login.
        let first = PASSWORDS.iter().find(|(login, _)| *login == "VAULT").unwrap().1;
        database.execute("RESET ALL");
        let mut conn = database.login("vault");
        let verifier = postgres_protocol::password::scram_sha_256(b"password-of-a-failure");
        for arguments in [
            "'bad name', '{v}', now(), 'portcullis_rates_reader', false",
            "'v-x', 'password-of-a-failure', now(), 'portcullis_rates_reader', false",
            "'v-x', '{v}', 'no time', 'portcullis_rates_reader', false",
            "'v-x', '{v}', now(), 'portcullis_rates_reader', 7",
            "'v-x', '{v}', now() 'portcullis_rates_reader'",
        ] {
            let arguments = arguments.replace("{v}", &verifier);
            let statement = format!("SELECT vault_api.create_login({arguments})");
            assert!(conn.batch_execute(&statement).is_err(), "{statement}");
        }
        let twice = format!(
            "SELECT vault_api.create_login('v-twice', '{verifier}', now(), 'portcullis_rates_reader', false)"
        );
        conn.batch_execute(&twice).unwrap();
        assert!(conn.batch_execute(&twice).is_err());
        assert!(
            conn.batch_execute(&format!("SELECT vault_api.set_password('s-x', '{verifier}')"))
                .is_err()
        );
        conn.batch_execute("SELECT vault_api.drop_login('v-twice')")
            .unwrap();
        // What superusers and other logins see of its statements.
        let seen =
            database.lines("SELECT query AS line FROM pg_stat_activity WHERE usename = 'portcullis_vault'");
        assert!(seen.iter().all(|query| !query.contains("SCRAM")), "{seen:?}");
        let text = log(cluster).split_off(before);
        assert!(
            text.contains("CREATE ROLE") && text.contains("<REDACTED>"),
            "{text}"
        );
        for secret in ["SCRAM-SHA-256$4096", "password-of-a-failure", first]
            .into_iter()
            .chain(passwords.iter().map(String::as_str))
        {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
        // The service with the settings that `migrate prepare` makes.
        for setting in [
            "log_statement",
            "log_min_duration_statement",
            "log_min_error_statement",
            "pgaudit.log",
            "pgaudit.log_parameter",
        ] {
            database.execute(&format!("ALTER SYSTEM RESET {setting}"));
        }
        database.execute("SELECT pg_reload_conf()");
        sleep(Duration::from_millis(300));
        let before = log(cluster).len();
        let app = App::over(database);
        let token = create_and_log_in(&app, database, "audited@example.org", Role::User);
        assert!(!token.is_empty());
        let text = log(cluster).split_off(before);
        for part in ["argon2", "audited@example.org"] {
            assert!(!text.contains(part), "{text}");
        }
    });
}

//! What Vault's login may do, and what an issued login may.

use super::{GROUPS, HOUR, create, drop_login, error_of, name};
use crate::support::database::Database;
use diesel::connection::SimpleConnection;

/// K3: Vault's login may call the functions, change its own password, and nothing else.
#[test]
fn the_login_of_vault_can_call_its_functions_only() {
    let database = Database::fresh();
    let mut conn = database.login("vault");
    for statement in [
        "CREATE ROLE x",
        "ALTER ROLE portcullis_rates PASSWORD 'x'",
        "DROP ROLE portcullis_rates",
        "GRANT portcullis_rates_reader TO portcullis_vault",
        "SET ROLE portcullis_issuer",
        "SET ROLE portcullis_rates_reader",
        "SELECT FROM rates.ports",
        "SELECT FROM accounts.accounts",
        "SELECT FROM pg_authid",
        "SELECT vault_api.group_kind('x')",
        "CREATE TABLE vault_api.x (a int)",
        "CREATE OR REPLACE FUNCTION vault_api.is_verifier(p_text text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE TEMP TABLE x (a int)",
        "SET log_min_error_statement = 'error'",
        "SET track_activities = on",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    ] {
        let error = error_of(&mut conn, statement);
        assert!(
            ["permission denied", "must be", "must have admin option"]
                .iter()
                .any(|reason| error.contains(reason)),
            "{statement}: {error}"
        );
    }
    let attributes =
        "SELECT concat(rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls) AS line
                      FROM pg_roles WHERE rolname = 'portcullis_vault'";
    assert_eq!(database.lines(attributes), ["fffff"]);
    for other in ["rates", "accounts", "ingest", "mail", "wishes", "demo"] {
        let error = error_of(&mut database.login(other), "SELECT vault_api.drop_login('v-x')");
        let object = match other {
            "accounts" => "function drop_login",
            _ => "schema vault_api",
        };
        assert!(
            error.contains(&format!("permission denied for {object}")),
            "{other}: {error}"
        );
    }
}

/// K3, N5: The accounts login may block people's logins, end the sessions of those that are blocked and drop them, and no others.
#[test]
fn the_accounts_login_can_end_logins_of_people_only() {
    let database = Database::fresh();
    let user = name(&database, "service");
    let mut vault = database.login("vault");
    vault
        .batch_execute(&create(&user, "p", HOUR, "portcullis_rates_reader"))
        .unwrap();
    let mut conn = database.login("accounts");
    type Argument = fn(&str) -> String;
    let functions: [(&str, Argument); 3] = [
        ("block_login", |name| name.to_owned()),
        ("end_sessions", |name| format!("ARRAY[{name}]")),
        ("drop_blocked", |name| name.to_owned()),
    ];
    for (function, argument) in functions {
        let statement = |name: &str| format!("SELECT vault_api.{function}({})", argument(name));
        for refused in [user.as_str(), "portcullis_rates", "postgres", "v-x y"] {
            let statement = statement(&format!("'{refused}'"));
            let error = error_of(&mut conn, &statement);
            assert!(error.contains("name not allowed"), "{statement}: {error}");
        }
        conn.batch_execute(&statement("'v-unknown'")).unwrap();
        let error = error_of(&mut conn, &statement("NULL::text"));
        assert!(error.contains("name not allowed"), "{error}");
        let error = error_of(&mut vault, &statement("'v-unknown'"));
        assert!(error.contains("permission denied for function"), "{error}");
    }
    let can_log_in = format!("SELECT rolcanlogin::text AS line FROM pg_roles WHERE rolname = '{user}'");
    assert_eq!(database.lines(&can_log_in), ["true"]);
    vault.batch_execute(&drop_login(&user)).unwrap();
}

/// What a role can do in the database, except through its own name: one line per privilege.
const PRIVILEGES: &str = "
  SELECT p || ' on database' FROM unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) p
    WHERE has_database_privilege($1, current_database(), p)
  UNION ALL SELECT p || ' on schema ' || nspname FROM pg_namespace, unnest(ARRAY['USAGE', 'CREATE']) p
    WHERE oid >= 16384 AND has_schema_privilege($1, oid, p)
  UNION ALL SELECT p || ' on ' || c.oid::regclass FROM pg_class c,
      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
    WHERE c.oid >= 16384 AND relkind IN ('r', 'v', 'p') AND has_table_privilege($1, c.oid, p)
  UNION ALL SELECT p || ' on ' || c.oid::regclass || '.' || attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid,
      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) p
    WHERE c.oid >= 16384 AND relkind IN ('r', 'v', 'p') AND attnum > 0 AND NOT attisdropped
      AND has_column_privilege($1, c.oid, attnum, p)
  UNION ALL SELECT p || ' on ' || c.oid::regclass FROM pg_class c, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) p
    WHERE c.oid >= 16384 AND relkind = 'S' AND has_sequence_privilege($1, c.oid, p)
  UNION ALL SELECT 'EXECUTE on ' || oid::regprocedure FROM pg_proc
    WHERE oid >= 16384 AND has_function_privilege($1, oid, 'EXECUTE')
  UNION ALL SELECT 'member of ' || rolname FROM pg_roles WHERE rolname <> $1 AND pg_has_role($1, oid, 'MEMBER')
  UNION ALL SELECT concat('attributes ', rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolinherit, rolcanlogin,
      ' ', rolconfig) FROM pg_roles WHERE rolname = $1
  UNION ALL SELECT 'owns ' || classid::regclass || ' ' || objid FROM pg_shdepend s JOIN pg_roles r ON r.oid = refobjid
    WHERE rolname = $1 AND classid <> 'pg_auth_members'::regclass";

pub(super) fn privileges(database: &Database, role: &str) -> Vec<String> {
    let rows =
        format!("SELECT line FROM ({PRIVILEGES}) p (line) ORDER BY 1").replace("$1", &format!("'{role}'"));
    database.lines(&rows)
}

/// K3: An issued login can do what the static login of its group can, and nothing more.
#[test]
fn an_issued_login_has_the_privileges_of_its_group_only() {
    let database = Database::fresh();
    let mut conn = database.login("vault");
    for (group, login) in GROUPS {
        let user = name(&database, login);
        conn.batch_execute(&create(&user, "issued-password", HOUR, group))
            .unwrap();
        assert!(
            database
                .server
                .connect(&database.name, &user, "issued-password")
                .is_ok()
        );
        let (issued, expected) = (privileges(&database, &user), privileges(&database, login));
        conn.batch_execute(&drop_login(&user)).unwrap();
        assert_eq!(issued, expected, "{group}");
        assert!(issued.len() > 4, "{issued:?}");
    }
}

//! What Vault needs in the database: the functions that issue logins, its own login, and logins whose passwords it sets.

use super::statements::{Line, PrepareError, create_role, query_bool, run_formatted, set_password};
use crate::config::database::DatabaseSettings;
use crate::db::groups;
use crate::secrets::credentials::CredentialsError;
use crate::secrets::read;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

const FUNCTIONS: &str = include_str!("../../../../migrations/prepare/vault_api.sql");

/// The group of Vault's login, which may call the functions.
const CLIENTS: &str = "portcullis_vault_client";

/// Settings of Vault's login. Each of its statements contains a verifier, which neither the log nor `pg_stat_activity` and
/// `pg_stat_statements` may show; pgaudit hides it in statements about roles. Those of modules apply once they are loaded.
const LOGIN_SETTINGS: [(&str, &str); 10] = [
    ("log_min_error_statement", "panic"),
    ("log_error_verbosity", "terse"),
    ("log_statement", "none"),
    ("log_min_duration_statement", "-1"),
    ("log_min_duration_sample", "-1"),
    ("log_transaction_sample_rate", "0"),
    ("track_activities", "off"),
    ("pgaudit.log", "role,ddl"),
    ("pg_stat_statements.track", "none"),
    ("auto_explain.log_min_duration", "-1"),
];

/// The settings that Vault's login lacks, as one sentence; no row when it lacks none.
const MISSING_SETTINGS: &str = "
  SELECT 'the log can contain verifiers of issued logins; a superuser must run ALTER ROLE ' || quote_ident($1)
      || ' SET ' || string_agg(wanted, ', SET ') AS line
  FROM unnest(ARRAY['log_min_error_statement=panic', 'log_statement=none', 'log_min_duration_statement=-1']) wanted
  JOIN pg_catalog.pg_roles r ON r.rolname = $1
  WHERE NOT wanted = ANY (coalesce(r.rolconfig, ARRAY[]::text[]))
  HAVING count(*) > 0";

/// Creates the functions and Vault's login, if its password is set or that was done before. Returns whether Vault issues logins.
pub(super) fn prepare(conn: &mut PgConnection, database: &DatabaseSettings) -> Result<bool, PrepareError> {
    let login = &database.vault;
    let exists = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1) AS yes";
    if login.password.is_none() && !query_bool(conn, exists, "vault_api")? {
        return Ok(false);
    }
    conn.batch_execute(FUNCTIONS)?;
    let Some(password) = &login.password else {
        return Ok(true);
    };
    let password =
        read(password).map_err(|error| CredentialsError::Password("DATABASE_VAULT_PASSWORD", error))?;
    // The password of an existing login is Vault's secret since Vault changed it.
    if create_role(conn, &login.user, CLIENTS)? {
        set_password(conn, &login.user, &password)?;
    }
    for (name, value) in LOGIN_SETTINGS {
        let statement = format!("SELECT format('ALTER ROLE %I SET {name} = %L', $1, $2) AS line");
        // Only a superuser may; `gaps` reports what that means.
        let _refused = run_formatted(conn, &statement, &login.user, value);
    }
    Ok(true)
}

/// Creates the logins whose passwords Vault sets. Until then they have none.
pub(super) fn create_static_logins(conn: &mut PgConnection, database: &str) -> Result<(), PrepareError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if database.len() > 40 || !database.chars().all(is_allowed) {
        return Err(PrepareError::StaticName);
    }
    let since_16 = "SELECT current_setting('server_version_num')::int >= 160000 OR $1 = '' AS yes";
    let needs_admin_option = query_bool(conn, since_16, "-")?;
    for (suffix, group) in groups::OF_SERVICE {
        let user = format!("s-{database}_{suffix}");
        create_role(conn, &user, group)?;
        if needs_admin_option {
            let grant = "SELECT format('GRANT %I TO portcullis_issuer WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', $1) AS line";
            run_formatted(conn, grant, &user, "")?;
        }
    }
    Ok(())
}

/// What is left to an administrator with more privileges, one sentence each.
pub(super) fn gaps(conn: &mut PgConnection, user: &str) -> Result<Vec<String>, PrepareError> {
    let missing = diesel::sql_query(MISSING_SETTINGS).bind::<Text, _>(user);
    let missing = missing.load::<Line>(conn)?;
    let mut gaps: Vec<String> = missing.into_iter().map(|row| row.line).collect();
    let is_loaded =
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = $1 AND context = 'superuser') AS yes";
    let is_loaded = query_bool(conn, is_loaded, "pgaudit.log")?;
    let since_15 = "SELECT current_setting('server_version_num')::int >= 150000 OR $1 = '' AS yes";
    let reason = if !is_loaded {
        "pgaudit is not in shared_preload_libraries"
    } else if !query_bool(conn, since_15, "-")? {
        "that needs PostgreSQL 15"
    } else if !query_bool(
        conn,
        "SELECT pg_catalog.has_parameter_privilege('portcullis_issuer', $1, 'SET') AS yes",
        "pgaudit.log",
    )? {
        "a superuser must grant SET on the parameters of pgaudit to portcullis_issuer"
    } else {
        ""
    };
    if !reason.is_empty() {
        gaps.push(format!("logins of people cannot be issued: {reason}"));
    }
    let names_no_user =
        "SELECT setting !~ '%[-0-9]*u' AND current_setting('log_destination') ~ 'stderr|syslog' AS yes
        FROM pg_catalog.pg_settings WHERE name = $1";
    if is_loaded && query_bool(conn, names_no_user, "log_line_prefix")? {
        gaps.push(
            "log_line_prefix lacks %u, so the log does not show whose statements pgaudit logged".to_owned(),
        );
    }
    Ok(gaps)
}

//! Statements about roles, which the server itself formats.

use crate::config::setting_names::PREFIX;
use crate::db::pool::ConnectError;
use crate::secrets::credentials::CredentialsError;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use secrecy::{ExposeSecret, SecretString};

/// Why preparing failed.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The administrator cannot connect.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The password of a login is not set or not readable.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Static logins are wanted where Vault issues none.
    #[error("{PREFIX}DATABASE_VAULT_PASSWORD: is not set; static logins need the login of Vault")]
    NoVault,
    /// The database's name is no part of a name of a static login.
    #[error("{PREFIX}DATABASE_NAME: static logins need a name of at most 40 letters, digits, `_` and `-`")]
    StaticName,
    /// A statement failed. No statement contains a password.
    #[error("{0}")]
    Statement(#[from] diesel::result::Error),
}

/// A row of text.
#[derive(QueryableByName)]
pub(super) struct Line {
    #[diesel(sql_type = Text)]
    pub(super) line: String,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Creates a login that is a member of a group, unless it exists. Returns whether it is new.
pub(super) fn create_role(conn: &mut PgConnection, user: &str, group: &str) -> Result<bool, PrepareError> {
    let is_new = !query_bool(
        conn,
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1) AS yes",
        user,
    )?;
    if is_new {
        // CREATE ROLE grants no attribute that is not listed.
        run_formatted(
            conn,
            "SELECT format('CREATE ROLE %I LOGIN', $1) AS line",
            user,
            "",
        )?;
    }
    run_formatted(
        conn,
        "SELECT format('GRANT %2$I TO %1$I', $1, $2) AS line",
        user,
        group,
    )?;
    Ok(is_new)
}

/// Sets the password of a login. The server receives a verifier.
pub(super) fn set_password(
    conn: &mut PgConnection,
    user: &str,
    password: &SecretString,
) -> Result<(), PrepareError> {
    let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
    run_formatted(
        conn,
        "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1, $2) AS line",
        user,
        &verifier,
    )
}

/// Asks a question about a value, `$1`.
pub(super) fn query_bool(conn: &mut PgConnection, question: &str, value: &str) -> Result<bool, PrepareError> {
    let answer: Answer = diesel::sql_query(question)
        .bind::<Text, _>(value)
        .get_result(conn)?;
    Ok(answer.yes)
}

/// Runs the statement that `statement` returns, so that the server does the quoting.
pub(super) fn run_formatted(
    conn: &mut PgConnection,
    statement: &str,
    first: &str,
    second: &str,
) -> Result<(), PrepareError> {
    let query = diesel::sql_query(statement)
        .into_boxed::<diesel::pg::Pg>()
        .bind::<Text, _>(first);
    let line: Line = match second {
        "" => query.get_result(conn)?,
        second => query.bind::<Text, _>(second).get_result(conn)?,
    };
    conn.batch_execute(&line.line)?;
    Ok(())
}

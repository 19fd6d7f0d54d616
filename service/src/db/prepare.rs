//! Roles and the database, made by an administrator, as often as one likes. Passwords travel as SCRAM verifiers: the
//! server, and its log, never see one.
use super::conninfo::Purpose;
use super::pool::{ConnectError, Manager};
use crate::config::database::{DatabaseSettings, Login};
use crate::secrets::{self, SecretError};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use secrecy::ExposeSecret;

const ROLES: &str = include_str!("../../../migrations/prepare/roles.sql");
const DATABASE: &str = include_str!("../../../migrations/prepare/database.sql");

/// The groups that may connect, and the owner, who does when the migrator takes its role.
const MAY_CONNECT: &str = "portcullis_owner, portcullis_rates_reader, portcullis_rates_writer, \
    portcullis_accounts_writer, portcullis_wishes_writer, portcullis_mail_sender, portcullis_demo_writer";

/// Why preparing stopped.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// No connection as the administrator.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A login's password is not given or not readable.
    #[error("{0}: {1}")]
    Password(&'static str, String),
    /// A statement failed. Statements here hold no password.
    #[error("{0}")]
    Statement(#[from] diesel::result::Error),
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    yes: bool,
}

/// Creates what is missing and sets the logins' passwords; the database's name.
pub fn prepare(database: &DatabaseSettings) -> Result<(), PrepareError> {
    let logins = [
        (&database.rates, "portcullis_rates_reader"),
        (&database.ingest, "portcullis_rates_writer"),
        (&database.accounts, "portcullis_accounts_writer"),
        (&database.wishes, "portcullis_wishes_writer"),
        (&database.mail, "portcullis_mail_sender"),
        (&database.migrator, "portcullis_owner"),
    ];
    // Nobody needs the demo's login where there is no demo.
    let demo = database
        .demo
        .password
        .is_some()
        .then_some((&database.demo, "portcullis_demo_writer"));
    let mut conn = Manager::open(database, "postgres", &database.admin, Purpose::Admin)?;
    conn.batch_execute(ROLES)?;
    for (login, group) in logins.into_iter().chain(demo) {
        make_login(&mut conn, login, group)?;
    }
    make_database(&mut conn, &database.name)?;
    let mut conn = Manager::open(database, &database.name, &database.admin, Purpose::Admin)?;
    conn.batch_execute(DATABASE)?;
    Ok(())
}

fn make_login(conn: &mut PgConnection, login: &Login, group: &str) -> Result<(), PrepareError> {
    let key = login.password_key;
    let source = login
        .password
        .as_ref()
        .ok_or(PrepareError::Password(key, "is not set".into()))?;
    let password =
        secrets::read(source).map_err(|error: SecretError| PrepareError::Password(key, error.to_string()))?;
    let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
    if !ask(
        conn,
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1) AS yes",
        &login.user,
    )? {
        // CREATE ROLE gives none of the attributes that it does not name.
        run(
            conn,
            "SELECT format('CREATE ROLE %I LOGIN', $1) AS line",
            &login.user,
            "",
        )?;
    }
    run(
        conn,
        "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1, $2) AS line",
        &login.user,
        &verifier,
    )?;
    run(
        conn,
        "SELECT format('GRANT %2$I TO %1$I', $1, $2) AS line",
        &login.user,
        group,
    )
}

fn make_database(conn: &mut PgConnection, name: &str) -> Result<(), PrepareError> {
    // Only a member may give things to the owner; a superuser need not be one.
    if !ask(
        conn,
        "SELECT rolsuper OR $1 = '' AS yes FROM pg_catalog.pg_roles WHERE rolname = current_user",
        "-",
    )? {
        conn.batch_execute("GRANT portcullis_owner TO CURRENT_USER")?;
    }
    if !ask(
        conn,
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1) AS yes",
        name,
    )? {
        let create = "SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING ''UTF8''', $1) AS line";
        run(conn, create, name, "")?;
    }
    run(
        conn,
        "SELECT format('ALTER DATABASE %I OWNER TO portcullis_owner', $1) AS line",
        name,
        "",
    )?;
    run(
        conn,
        "SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1) AS line",
        name,
        "",
    )?;
    let grant = format!("SELECT format('GRANT CONNECT ON DATABASE %I TO {MAY_CONNECT}', $1) AS line");
    run(conn, &grant, name, "")
}

fn ask(conn: &mut PgConnection, question: &str, value: &str) -> Result<bool, PrepareError> {
    let answer: Answer = diesel::sql_query(question)
        .bind::<Text, _>(value)
        .get_result(conn)?;
    Ok(answer.yes)
}

/// Lets the server quote: `statement` makes the line that is then run.
fn run(conn: &mut PgConnection, statement: &str, first: &str, second: &str) -> Result<(), PrepareError> {
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

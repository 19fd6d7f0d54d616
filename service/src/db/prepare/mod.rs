//! Creates the roles and the database, as an administrator. Can be repeated. Passwords are sent as SCRAM verifiers, so
//! neither the server nor its log ever contains one.

/// What could not be prevented.
mod remaining;

use crate::config::database::{Authentication, CredentialsSource, DatabaseSettings, Login};
use crate::db::conninfo::Purpose;
use crate::db::pool::{ConnectError, Manager};
use crate::secrets::credentials::{Credentials, CredentialsError};
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use secrecy::ExposeSecret;

const ROLES: &str = include_str!("../../../../migrations/prepare/roles.sql");
const DATABASE: &str = include_str!("../../../../migrations/prepare/database.sql");

/// The group roles, and the owner, whose role the migrator assumes.
const MAY_CONNECT: &str = "portcullis_owner, portcullis_rates_reader, portcullis_rates_writer, \
    portcullis_accounts_writer, portcullis_wishes_writer, portcullis_mail_sender, portcullis_demo_writer";

/// Why preparing failed.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The administrator cannot connect.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The password of a login is not set or not readable.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// A statement failed. No statement contains a password.
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

/// Creates missing roles and the database, sets the passwords of all logins and resets their settings. Returns what the logins
/// can do because this administrator may not prevent it, one sentence each.
pub fn prepare(database: &DatabaseSettings) -> Result<Vec<String>, PrepareError> {
    let logins = [
        (&database.rates, "portcullis_rates_reader"),
        (&database.ingest, "portcullis_rates_writer"),
        (&database.accounts, "portcullis_accounts_writer"),
        (&database.wishes, "portcullis_wishes_writer"),
        (&database.mail, "portcullis_mail_sender"),
        (&database.migrator, "portcullis_owner"),
    ];
    // The demo login is optional.
    let has_demo = matches!(database.demo.source, CredentialsSource::Password(Some(_)));
    let demo = has_demo.then_some((&database.demo, "portcullis_demo_writer"));
    let connect = |name: &str| Manager::open(database, name, &database.admin, Purpose::Admin);
    let mut conn = connect("postgres")?;
    conn.batch_execute(ROLES)?;
    let mut without_password = Vec::new();
    for (login, group) in logins.into_iter().chain(demo) {
        match (&login.source, login.authentication) {
            (CredentialsSource::Password(_), _) => create_login(&mut conn, login, group)?,
            (CredentialsSource::Issued, Authentication::AccessToken) => {
                create_login_without_password(&mut conn, &login.user, group)?;
                without_password.push(login.user.as_str());
            }
            // Created, with its password, by what issues it.
            (CredentialsSource::File(_) | CredentialsSource::Issued, _) => {}
        }
    }
    create_database(&mut conn, &database.name)?;
    connect(&database.name)?.batch_execute(DATABASE)?;
    let mut gaps = remaining::list(&mut connect(&database.name)?)?;
    gaps.extend(remaining::without_identity(&mut conn, &without_password)?);
    Ok(gaps)
}

fn create_login(conn: &mut PgConnection, login: &Login, group: &str) -> Result<(), PrepareError> {
    let Credentials { user, password } = login.credentials()?;
    let verifier = postgres_protocol::password::scram_sha_256(password.expose_secret().as_bytes());
    create_role(conn, &user)?;
    run_formatted(
        conn,
        "SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1, $2) AS line",
        &user,
        &verifier,
    )?;
    grant(conn, &user, group)
}

/// Creates a login for access tokens. A password that it had would remain usable beside them.
fn create_login_without_password(
    conn: &mut PgConnection,
    user: &str,
    group: &str,
) -> Result<(), PrepareError> {
    create_role(conn, user)?;
    // Azure manages the roles that have an identity, and refuses passwords for them.
    if !query_bool(conn, remaining::HAS_IDENTITY, user)? {
        run_formatted(
            conn,
            "SELECT format('ALTER ROLE %I LOGIN PASSWORD NULL', $1) AS line",
            user,
            "",
        )?;
    }
    grant(conn, user, group)
}

fn create_role(conn: &mut PgConnection, user: &str) -> Result<(), PrepareError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1) AS yes";
    if query_bool(conn, exists, user)? {
        return Ok(());
    }
    // CREATE ROLE grants no attribute that is not listed.
    run_formatted(
        conn,
        "SELECT format('CREATE ROLE %I LOGIN', $1) AS line",
        user,
        "",
    )
}

fn grant(conn: &mut PgConnection, user: &str, group: &str) -> Result<(), PrepareError> {
    run_formatted(
        conn,
        "SELECT format('GRANT %2$I TO %1$I', $1, $2) AS line",
        user,
        group,
    )
}

fn create_database(conn: &mut PgConnection, name: &str) -> Result<(), PrepareError> {
    // Only members may assign objects to the owner. Superusers need no membership.
    if !query_bool(
        conn,
        "SELECT rolsuper OR $1 = '' AS yes FROM pg_catalog.pg_roles WHERE rolname = current_user",
        "-",
    )? {
        conn.batch_execute("GRANT portcullis_owner TO CURRENT_USER")?;
    }
    if !query_bool(
        conn,
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1) AS yes",
        name,
    )? {
        let create = "SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING ''UTF8''', $1) AS line";
        run_formatted(conn, create, name, "")?;
    }
    run_formatted(
        conn,
        "SELECT format('ALTER DATABASE %I OWNER TO portcullis_owner', $1) AS line",
        name,
        "",
    )?;
    run_formatted(
        conn,
        "SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1) AS line",
        name,
        "",
    )?;
    let grant = format!("SELECT format('GRANT CONNECT ON DATABASE %I TO {MAY_CONNECT}', $1) AS line");
    run_formatted(conn, &grant, name, "")
}

fn query_bool(conn: &mut PgConnection, question: &str, value: &str) -> Result<bool, PrepareError> {
    let answer: Answer = diesel::sql_query(question)
        .bind::<Text, _>(value)
        .get_result(conn)?;
    Ok(answer.yes)
}

/// Runs the statement that `statement` returns, so that the server does the quoting.
fn run_formatted(
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

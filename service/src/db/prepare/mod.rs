//! Creates the roles and the database, as an administrator. Can be repeated. Passwords are sent as SCRAM verifiers, so
//! neither the server nor its log ever contains one.

/// Statements about roles.
mod statements;

/// What could not be prevented.
mod remaining;

/// Issuing logins.
mod vault;

pub use statements::PrepareError;

use crate::config::database::{Authentication, CredentialsSource, DatabaseSettings, Login};
use crate::db::conninfo::Purpose;
use crate::db::groups;
use crate::db::pool::Manager;
use crate::secrets::credentials::Credentials;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use statements::{create_role, query_bool, run_formatted, set_password};

const ROLES: &str = include_str!("../../../../migrations/prepare/roles.sql");
const DATABASE: &str = include_str!("../../../../migrations/prepare/database.sql");

/// Creates missing roles and the database, sets the passwords of all logins and resets their settings; with `static_logins`
/// also logins whose passwords Vault sets. Returns what the logins can do because this administrator may not prevent it, one
/// sentence each.
pub fn prepare(database: &DatabaseSettings, static_logins: bool) -> Result<Vec<String>, PrepareError> {
    let logins = [
        (&database.rates, groups::RATES_READER),
        (&database.ingest, groups::RATES_WRITER),
        (&database.accounts, groups::ACCOUNTS_WRITER),
        (&database.wishes, groups::WISHES_WRITER),
        (&database.mail, groups::MAIL_SENDER),
        (&database.migrator, groups::OWNER),
    ];
    // The demo login is optional.
    let has_demo = matches!(database.demo.source, CredentialsSource::Password(Some(_)));
    let demo = has_demo.then_some((&database.demo, groups::DEMO_WRITER));
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
    let issues = vault::prepare(&mut connect(&database.name)?, database)?;
    if static_logins {
        if !issues {
            return Err(PrepareError::NoVault);
        }
        vault::create_static_logins(&mut connect(&database.name)?, &database.name)?;
    }
    // Settings of the database apply from the start of a connection.
    let mut conn = connect(&database.name)?;
    let mut gaps = remaining::list(&mut conn)?;
    if issues {
        gaps.extend(vault::gaps(&mut conn, &database.vault.user)?);
    }
    gaps.extend(remaining::without_identity(&mut conn, &without_password)?);
    Ok(gaps)
}

fn create_login(conn: &mut PgConnection, login: &Login, group: &str) -> Result<(), PrepareError> {
    let Credentials { user, password } = login.credentials()?;
    create_role(conn, &user, group)?;
    set_password(conn, &user, &password)
}

/// Creates a login for access tokens. A password that it had would remain usable beside them.
fn create_login_without_password(
    conn: &mut PgConnection,
    user: &str,
    group: &str,
) -> Result<(), PrepareError> {
    create_role(conn, user, group)?;
    // Azure manages the roles that have an identity, and refuses passwords for them.
    if !query_bool(conn, remaining::HAS_IDENTITY, user)? {
        run_formatted(
            conn,
            "SELECT format('ALTER ROLE %I LOGIN PASSWORD NULL', $1) AS line",
            user,
            "",
        )?;
    }
    Ok(())
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
    // The owner too, whose role the migrator assumes.
    let grantees = groups::all().collect::<Vec<_>>().join(", ");
    let grant = format!("SELECT format('GRANT CONNECT ON DATABASE %I TO {grantees}', $1) AS line");
    run_formatted(conn, &grant, name, "")
}

//! The operations of the engine `database`: connections, roles, static roles, and logins by them.

use crate::answer::{Refusal, Reply, Success};
use crate::call::{Call, Operation};
use crate::core::vault::Vault;
use crate::core::{credentials, static_credentials};
use crate::database::{Database, Pools, list, root_rotation_error, rotation};
use crate::random;
use crate::token::Token;

/// Handles a call below a mount of the engine.
pub(crate) async fn handle(
    vault: &Vault,
    call: &Call,
    mount: &str,
    path: &str,
    caller: &Token,
) -> Result<Success, Refusal> {
    let segments: Vec<&str> = path.split('/').collect();
    match (segments.as_slice(), call.operation) {
        (["config", name], Operation::Write) => configure(vault, call, mount, name).await,
        (["rotate-root", name], Operation::Write) => rotate_root(vault, mount, name).await,
        (["creds", name], Operation::Read) => credentials::issue(vault, call, mount, name, caller).await,
        (["static-roles", name], Operation::Write) => {
            static_credentials::write(vault, call, mount, name).await
        }
        (["rotate-role", name], Operation::Write) => {
            static_credentials::rotate_now(vault, call, mount, name).await
        }
        (["config" | "roles" | "static-roles", ..], _) => {
            with_database(vault, mount, |database| stored(database, call, &segments))
        }
        (["static-creds", name], Operation::Read) => with_database(vault, mount, |database| {
            let unknown = || Refusal::bad_request(format!("unknown role: {name}"));
            let role = database.static_roles.get(*name).ok_or_else(unknown)?;
            Ok(Reply::data(role.credentials(call.now)).into())
        }),
        (["creds" | "static-creds" | "rotate-role" | "rotate-root", name], _) if !name.is_empty() => {
            Err(Refusal::unsupported_operation())
        }
        _ => Err(Refusal::unsupported_path()),
    }
}

/// Runs a step on the engine's stored objects.
fn with_database(
    vault: &Vault,
    mount: &str,
    step: impl FnOnce(&mut Database) -> Result<Success, Refusal>,
) -> Result<Success, Refusal> {
    let mut state = vault.state();
    step(state.mounts.database(mount).ok_or_else(Refusal::not_found)?)
}

/// What needs no PostgreSQL.
fn stored(database: &mut Database, call: &Call, segments: &[&str]) -> Result<Success, Refusal> {
    match (segments, call.operation) {
        (["config"] | ["config", ""], Operation::List) => list(&database.connections),
        (["roles"] | ["roles", ""], Operation::List) => list(&database.roles),
        (["static-roles"] | ["static-roles", ""], Operation::List) => list(&database.static_roles),
        (["config", name], Operation::Read) => {
            let found = database.connections.get(*name).ok_or_else(Refusal::not_found)?;
            Ok(Reply::data(found.fields()).into())
        }
        (["roles", name], Operation::Read) => {
            let found = database.roles.get(*name).ok_or_else(Refusal::not_found)?;
            Ok(Reply::data(found.fields()).into())
        }
        (["static-roles", name], Operation::Read) => {
            let found = database.static_roles.get(*name).ok_or_else(Refusal::not_found)?;
            Ok(Reply::data(found.fields()).into())
        }
        (["roles", name], Operation::Write) => {
            let role = database
                .roles
                .get(*name)
                .cloned()
                .unwrap_or_default()
                .updated(call)?;
            database.roles.insert((*name).to_owned(), role);
            Ok(Success::NoContent)
        }
        (["config", name], Operation::Delete) => {
            database.connections.remove(*name);
            Ok(Success::NoContent)
        }
        (["roles", name], Operation::Delete) => {
            database.roles.remove(*name);
            Ok(Success::NoContent)
        }
        (["static-roles", name], Operation::Delete) => {
            database.static_roles.remove(*name);
            Ok(Success::NoContent)
        }
        _ => Err(Refusal::unsupported_operation()),
    }
}

async fn configure(vault: &Vault, call: &Call, mount: &str, name: &str) -> Result<Success, Refusal> {
    let connection = {
        let mut state = vault.state();
        let database = state.mounts.database(mount).ok_or_else(Refusal::not_found)?;
        database
            .connections
            .get(name)
            .cloned()
            .unwrap_or_default()
            .updated(call)?
    };
    if call.flag("verify_connection").unwrap_or(true) {
        // A pool for this once: the connection is not stored yet.
        let verified = match Pools::default().get(name, &connection) {
            Ok(pool) => pool.verify(vault.max_request_duration()).await,
            Err(error) => Err(error),
        };
        verified.map_err(|error| {
            let text = format!(
                "error creating database object: error verifying connection: {}",
                error.text()
            );
            Refusal::bad_request(text)
        })?;
    }
    with_database(vault, mount, |database| {
        database.connections.insert(name.to_owned(), connection);
        Ok(Success::NoContent)
    })
}

async fn rotate_root(vault: &Vault, mount: &str, name: &str) -> Result<Success, Refusal> {
    let mut connection = {
        let mut state = vault.state();
        let database = state.mounts.database(mount).ok_or_else(Refusal::not_found)?;
        database
            .connections
            .get(name)
            .cloned()
            .ok_or_else(Refusal::not_found)?
    };
    let password = random::password();
    let secret = connection.secret(&password);
    let statements = rotation(&connection.root_rotation(), &connection.username, &secret);
    let result = match vault.pools.get(&format!("{mount}{name}"), &connection) {
        Ok(pool) => pool.run(&statements, vault.max_request_duration()).await,
        Err(error) => Err(error),
    };
    result.map_err(|error| Refusal::listed(500, &root_rotation_error(error.text())))?;
    connection.password = password;
    with_database(vault, mount, |database| {
        database.connections.insert(name.to_owned(), connection);
        Ok(Success::NoContent)
    })
}

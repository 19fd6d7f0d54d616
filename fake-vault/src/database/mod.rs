//! The engine `database`: connections, roles, static roles, and the logins that they issue in PostgreSQL.

mod connection;
mod error;
mod pool;
mod role;
mod statements;
mod static_role;
mod username;

pub(crate) use connection::{Connection, root_rotation_error};
pub(crate) use error::SqlError;
pub(crate) use pool::{Pool, Pools};
pub(crate) use role::Role;
pub(crate) use statements::{Login, fill, rotation};
pub(crate) use static_role::StaticRole;
pub(crate) use username::generate as generate_username;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::{Refusal, Reply, Success};

/// One mount.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Database {
    pub(crate) connections: BTreeMap<String, Connection>,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) static_roles: BTreeMap<String, StaticRole>,
}

impl Database {
    /// A role with its connection.
    ///
    /// # Errors
    /// 400 without the role, 500 without the connection or when it does not allow the role.
    pub(crate) fn role(&self, name: &str) -> Result<(&Role, &Connection), Refusal> {
        let unknown = || Refusal::bad_request(format!("unknown role: {name}"));
        let role = self.roles.get(name).ok_or_else(unknown)?;
        Ok((role, self.connection(&role.db_name, name)?))
    }

    /// A connection that allows the role.
    pub(crate) fn connection(&self, name: &str, role: &str) -> Result<&Connection, Refusal> {
        let missing = || {
            Refusal::listed(
                500,
                &format!("failed to find entry for connection with name: \"{name}\""),
            )
        };
        let connection = self.connections.get(name).ok_or_else(missing)?;
        if !connection.allows(role) {
            return Err(Refusal::listed(
                500,
                &format!("\"{role}\" is not an allowed role"),
            ));
        }
        Ok(connection)
    }
}

/// Names as a list, or 404 when there is none.
pub(crate) fn list<T>(items: &BTreeMap<String, T>) -> Result<Success, Refusal> {
    if items.is_empty() {
        return Err(Refusal::not_found());
    }
    let keys: Vec<&String> = items.keys().collect();
    Ok(Reply::data(json!({ "keys": keys })).into())
}

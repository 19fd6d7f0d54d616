//! Static roles: their password is changed when they are written, on demand, and when their period is over.

use crate::answer::{Refusal, Success, listed};
use crate::call::Call;
use crate::core::vault::Vault;
use crate::database::{SqlError, StaticRole, rotation};
use crate::random;

/// Writes a static role; its first password is set at once.
pub(crate) async fn write(vault: &Vault, call: &Call, mount: &str, name: &str) -> Result<Success, Refusal> {
    let (role, is_new) = {
        let mut state = vault.state();
        let database = state.mounts.database(mount).ok_or_else(Refusal::not_found)?;
        let previous = database.static_roles.get(name);
        let role = StaticRole::new(call, previous)?;
        let is_new = previous.is_none();
        database.connection(&role.db_name, name)?;
        (role, is_new)
    };
    if is_new {
        let rotated = rotate(vault, mount, &role).await;
        let role = rotated.map_err(|error| {
            let inner = listed(&error.in_transaction());
            Refusal::listed(500, &format!("error setting credentials: {inner}"))
        })?;
        store(vault, mount, name, role);
    } else {
        store(vault, mount, name, role);
    }
    Ok(Success::NoContent)
}

/// Changes the password now.
pub(crate) async fn rotate_now(
    vault: &Vault,
    _call: &Call,
    mount: &str,
    name: &str,
) -> Result<Success, Refusal> {
    let role = {
        let mut state = vault.state();
        let database = state.mounts.database(mount).ok_or_else(Refusal::not_found)?;
        let missing = || Refusal::bad_request("no static role found for role name");
        database.static_roles.get(name).cloned().ok_or_else(missing)?
    };
    let rotated = rotate(vault, mount, &role).await;
    let role = rotated.map_err(|error| Refusal::listed(500, &listed(&error.in_transaction())))?;
    store(vault, mount, name, role);
    Ok(Success::NoContent)
}

/// Changes the passwords whose period is over. A failure is tried again at the next pass.
pub(crate) async fn rotate_due(vault: &Vault, mount: &str) {
    let now = vault.now();
    let due: Vec<(String, StaticRole)> = {
        let mut state = vault.state();
        let roles = state
            .mounts
            .database(mount)
            .map(|database| &database.static_roles);
        let due = roles
            .into_iter()
            .flatten()
            .filter(|(_, role)| role.next_rotation() <= now);
        due.map(|(name, role)| (name.clone(), role.clone())).collect()
    };
    for (name, role) in due {
        if let Ok(role) = rotate(vault, mount, &role).await {
            store(vault, mount, &name, role);
        }
    }
}

async fn rotate(vault: &Vault, mount: &str, role: &StaticRole) -> Result<StaticRole, SqlError> {
    let connection = {
        let mut state = vault.state();
        let connections = state.mounts.database(mount).map(|database| &database.connections);
        connections.and_then(|connections| connections.get(&role.db_name).cloned())
    };
    let connection = connection.ok_or_else(|| SqlError::Connect("no connection".to_owned()))?;
    let password = random::password();
    let secret = connection.secret(&password);
    let statements = rotation(&role.rotation(), &role.username, &secret);
    let pool = vault
        .pools
        .get(&format!("{mount}{}", role.db_name), &connection)?;
    pool.run(&statements, vault.max_request_duration()).await?;
    let mut role = role.clone();
    role.password = password;
    role.rotated = vault.now();
    Ok(role)
}

fn store(vault: &Vault, mount: &str, name: &str, role: StaticRole) {
    if let Some(database) = vault.state().mounts.database(mount) {
        database.static_roles.insert(name.to_owned(), role);
    }
}

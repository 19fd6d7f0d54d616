//! Dynamic logins: issued with a lease, extended and dropped with it.

use std::sync::Arc;

use serde_json::json;

use crate::answer::{LeaseTerms, Refusal, Reply, Success};
use crate::call::Call;
use crate::clock;
use crate::core::lease::Lease;
use crate::core::state::State;
use crate::core::vault::Vault;
use crate::database::{Connection, Login, Pool, Role, SqlError, fill, generate_username};
use crate::random;
use crate::token::{Kind, MAX_TTL, Token, ttl_warning};

/// Issues a login.
pub(crate) async fn issue(
    vault: &Vault,
    call: &Call,
    mount: &str,
    name: &str,
    caller: &Token,
) -> Result<Success, Refusal> {
    let (role, connection, limits) = {
        let mut state = vault.state();
        let limits = limits(&state, mount);
        let database = state.mounts.database(mount).ok_or_else(Refusal::not_found)?;
        let (role, connection) = database.role(name)?;
        (role.clone(), connection.clone(), limits)
    };
    if role.creation_statements.is_empty() {
        return Err(Refusal::listed(500, "empty creation statements"));
    }
    let terms = Terms::new(&role, limits, caller, call);
    let display_name = &caller.grant.display_name;
    let unix_time = clock::wall_clock().timestamp();
    let username = generate_username(connection.username_template(), name, display_name, unix_time);
    let username =
        username.map_err(|error| Refusal::listed(500, &format!("failed to generate username: {error}")))?;
    let password = random::password();
    let secret = connection.secret(&password);
    let login = Login {
        name: &username,
        secret: &secret,
        ttl: Some(terms.ttl),
    };
    let statements = fill(&role.creation_statements, &login);
    let created = match pool(vault, mount, &role, &connection) {
        Ok(pool) => pool.run(&statements, vault.max_request_duration()).await,
        Err(error) => Err(error),
    };
    created.map_err(|error| Refusal::listed(500, &error.in_transaction()))?;
    let path = call.path.clone();
    let id = format!("{path}/{}", random::alphanumeric(24));
    let is_batch = caller.grant.kind == Kind::Batch;
    let mut lease = Lease::new(id.clone(), path, call.now, terms.ttl);
    mount.clone_into(&mut lease.mount);
    name.clone_into(&mut lease.role);
    lease.username.clone_from(&username);
    lease.token = (!is_batch).then(|| caller.id.clone());
    lease.batch_end = caller.expires.filter(|_| is_batch);
    lease.default_ttl = terms.default_ttl;
    lease.max_ttl = terms.max_ttl;
    let mut state = vault.state();
    let lives = is_batch || state.tokens.find(&caller.id, vault.now()).is_some() || caller.expires.is_none();
    state.leases.insert(lease);
    if !lives && let Some(lease) = state.leases.get_mut(&id) {
        // The token ended while the login was created.
        lease.end(call.now);
    }
    let duration = terms.ttl;
    Ok(Reply {
        data: json!({"password": password, "username": username}),
        lease: Some(LeaseTerms {
            id,
            renewable: true,
            duration,
        }),
        warnings: terms.warning.into_iter().collect(),
        ..Reply::default()
    }
    .into())
}

/// The default and the longest TTL of a mount.
fn limits(state: &State, mount: &str) -> (i64, i64) {
    let or_max = |ttl: i64| if ttl > 0 { ttl } else { MAX_TTL };
    let found = state.mounts.get(mount);
    found.map_or((MAX_TTL, MAX_TTL), |found| {
        (or_max(found.default_lease_ttl), or_max(found.max_lease_ttl))
    })
}

/// How long a lease lives.
struct Terms {
    ttl: i64,
    default_ttl: i64,
    max_ttl: i64,
    warning: Option<String>,
}

impl Terms {
    fn new(role: &Role, (mount_default, mount_max): (i64, i64), caller: &Token, call: &Call) -> Terms {
        let default_ttl = if role.default_ttl > 0 {
            role.default_ttl
        } else {
            mount_default
        };
        let max_ttl = if role.max_ttl > 0 {
            role.max_ttl.min(mount_max)
        } else {
            mount_max
        };
        let mut ttl = default_ttl.min(max_ttl);
        let warning = (default_ttl > max_ttl).then(|| ttl_warning(default_ttl, max_ttl));
        if let (Kind::Batch, Some(end)) = (caller.grant.kind, caller.expires) {
            ttl = ttl.min((end - call.now).num_seconds());
        }
        Terms {
            ttl,
            default_ttl,
            max_ttl,
            warning,
        }
    }
}

fn pool(vault: &Vault, mount: &str, role: &Role, connection: &Connection) -> Result<Arc<Pool>, SqlError> {
    vault.pools.get(&format!("{mount}{}", role.db_name), connection)
}

/// Moves the end of a login.
pub(crate) async fn extend(vault: &Vault, lease: &Lease, ttl: i64) -> Result<(), SqlError> {
    let (role, connection) = found(vault, lease)?;
    let login = Login {
        name: &lease.username,
        secret: "",
        ttl: Some(ttl),
    };
    let statements = fill(&role.renewal(), &login);
    let pool = pool(vault, &lease.mount, &role, &connection)?;
    pool.run(&statements, vault.max_request_duration()).await
}

/// Drops a login and removes its lease. A failure leaves both.
pub(crate) async fn revoke(vault: &Vault, lease: &Lease) -> Result<(), SqlError> {
    let (role, connection) = found(vault, lease)?;
    let login = Login {
        name: &lease.username,
        ..Login::default()
    };
    let statements = fill(&role.revocation(), &login);
    let pool = pool(vault, &lease.mount, &role, &connection)?;
    pool.run(&statements, vault.max_request_duration()).await?;
    vault.state().leases.remove(&lease.id);
    Ok(())
}

fn found(vault: &Vault, lease: &Lease) -> Result<(Role, Connection), SqlError> {
    let mut state = vault.state();
    let missing = |what: &str| SqlError::Statement(format!("error during revoke: could not find {what}"));
    let database = state
        .mounts
        .database(&lease.mount)
        .ok_or_else(|| missing("mount"))?;
    let role = database.roles.get(&lease.role).ok_or_else(|| missing("role"))?;
    let connection = database
        .connections
        .get(&role.db_name)
        .ok_or_else(|| missing("connection"))?;
    Ok((role.clone(), connection.clone()))
}

//! Readiness of the service.

use super::StorageError;
use crate::db::Db;
use crate::db::health::{SchemaState, check_writable, list_role_settings, schema_state};
use crate::secrets::login_status::{CredentialsState, LoginStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A database that does not answer within this time counts as unavailable.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the service can serve requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It can, until the credentials of a database login end: at the moment they cannot be renewed.
    ReadyWithoutRenewal,
    /// The service has no valid credentials of the database.
    CredentialsMissing,
    /// The database is unavailable or overloaded, or refuses the query.
    DatabaseUnavailable,
    /// The database schema is older than this version requires.
    SchemaBehind,
}

/// Checks the database. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    rates: Db,
    accounts: Db,
    logins: LoginStatus,
    role_settings: Arc<Mutex<Vec<String>>>,
}

impl Health {
    /// Over the connections that serve requests: of the login that only reads, and of one that writes.
    pub fn new(rates: Db, accounts: Db, logins: LoginStatus) -> Self {
        Self {
            rates,
            accounts,
            logins,
            role_settings: Arc::default(),
        }
    }

    /// Checks the database on every call, and whether the credentials for it can be renewed.
    pub async fn readiness(&self) -> Readiness {
        match (self.check_database().await, self.logins.state()) {
            (Readiness::Ready, CredentialsState::NotRenewed | CredentialsState::Ended) => {
                Readiness::ReadyWithoutRenewal
            }
            (Readiness::Ready | Readiness::DatabaseUnavailable, CredentialsState::Missing)
            | (Readiness::DatabaseUnavailable, CredentialsState::Ended) => Readiness::CredentialsMissing,
            (checked, _) => checked,
        }
    }

    async fn check_database(&self) -> Readiness {
        let schema = tokio::time::timeout(CHECK_TIMEOUT, schema_state(&self.rates));
        let writable = tokio::time::timeout(CHECK_TIMEOUT, self.check_writing_login());
        let (Ok(schema), writable) = tokio::join!(schema, writable) else {
            return Readiness::DatabaseUnavailable;
        };
        // A login whose connections are all busy does not make the service unready: rates have their own, and a flood of
        // logins must not take them out of a load balancer. A server that does not respond fails the first check.
        let writable = match writable {
            Err(_) | Ok(Err(StorageError::Exhausted | StorageError::Timeout)) => Ok(()),
            Ok(checked) => checked,
        };
        match schema.and_then(|state| writable.map(|()| state)) {
            Ok(SchemaState::Ready) => Readiness::Ready,
            Ok(SchemaState::Behind) => Readiness::SchemaBehind,
            Err(_) => Readiness::DatabaseUnavailable,
        }
    }

    /// After a failover, connections to the former primary may be left, which can only read.
    async fn check_writing_login(&self) -> Result<(), StorageError> {
        check_writable(&self.accounts).await?;
        let found = list_role_settings(&self.accounts).await?;
        let mut known = self.role_settings.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != found {
            if !found.is_empty() {
                tracing::warn!(
                    settings = found.join(", "),
                    "database logins have settings of their own; `migrate prepare` resets them"
                );
            }
            *known = found;
        }
        Ok(())
    }
}

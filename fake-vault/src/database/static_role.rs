//! A static role: an existing login whose password the server changes at intervals.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::call::Call;
use crate::clock;

const MIN_ROTATION_PERIOD: i64 = 5;

/// One static role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StaticRole {
    pub(crate) db_name: String,
    pub(crate) username: String,
    rotation_period: i64,
    rotation_statements: Vec<String>,
    pub(crate) password: String,
    pub(crate) rotated: DateTime<Utc>,
}

impl StaticRole {
    /// A static role by the fields of a call, without a password yet.
    ///
    /// # Errors
    /// 400 when a field is missing or the period is too short.
    pub(crate) fn new(call: &Call, previous: Option<&StaticRole>) -> Result<StaticRole, Refusal> {
        let required = |name: &str| {
            let missing =
                || Refusal::bad_request(format!("{name} is a required field to create a static account"));
            call.filled(name).ok_or_else(missing)
        };
        let rotation_period = call
            .seconds("rotation_period")?
            .or(previous.map(|role| role.rotation_period));
        let missing = || {
            Refusal::bad_request(
                "one of rotation_schedule or rotation_period must be provided to create a static account",
            )
        };
        let rotation_period = rotation_period.ok_or_else(missing)?;
        if rotation_period < MIN_ROTATION_PERIOD {
            return Err(Refusal::bad_request("rotation_period must be 5 seconds or more"));
        }
        Ok(StaticRole {
            db_name: required("db_name")?,
            username: required("username")?,
            rotation_period,
            rotation_statements: call.statements("rotation_statements").unwrap_or_default(),
            password: previous.map(|role| role.password.clone()).unwrap_or_default(),
            rotated: previous.map_or(call.now, |role| role.rotated),
        })
    }

    pub(crate) fn fields(&self) -> Value {
        json!({
            "credential_type": "password",
            "db_name": self.db_name,
            "last_vault_rotation": clock::nanoseconds(self.rotated),
            "rotation_period": self.rotation_period,
            "rotation_statements": self.rotation_statements,
            "username": self.username,
        })
    }

    pub(crate) fn credentials(&self, now: DateTime<Utc>) -> Value {
        json!({
            "last_vault_rotation": clock::nanoseconds(self.rotated),
            "password": self.password,
            "rotation_period": self.rotation_period,
            "ttl": (self.next_rotation() - now).num_seconds().max(0),
            "username": self.username,
        })
    }

    pub(crate) fn next_rotation(&self) -> DateTime<Utc> {
        self.rotated + TimeDelta::seconds(self.rotation_period)
    }

    /// The statements that change the password.
    pub(crate) fn rotation(&self) -> Vec<String> {
        if self.rotation_statements.is_empty() {
            vec!["ALTER ROLE \"{{name}}\" WITH PASSWORD '{{password}}';".to_owned()]
        } else {
            self.rotation_statements.clone()
        }
    }
}

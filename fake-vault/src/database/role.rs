//! A role of the engine `database`: the statements that create, extend and drop a login, and its TTLs.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::call::Call;

/// One role.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) db_name: String,
    /// In seconds; 0 is the mount's.
    pub(crate) default_ttl: i64,
    pub(crate) max_ttl: i64,
    pub(crate) creation_statements: Vec<String>,
    renew_statements: Vec<String>,
    revocation_statements: Vec<String>,
    rollback_statements: Vec<String>,
}

impl Role {
    /// This role with the fields that the call has.
    ///
    /// # Errors
    /// 400 without a connection or with a TTL that is none.
    pub(crate) fn updated(&self, call: &Call) -> Result<Role, Refusal> {
        let mut role = self.clone();
        role.db_name = call.filled("db_name").unwrap_or(role.db_name);
        if role.db_name.is_empty() {
            return Err(Refusal::bad_request("database name is required"));
        }
        role.default_ttl = call.seconds("default_ttl")?.unwrap_or(role.default_ttl);
        role.max_ttl = call.seconds("max_ttl")?.unwrap_or(role.max_ttl);
        for (name, field) in [
            ("creation_statements", &mut role.creation_statements),
            ("renew_statements", &mut role.renew_statements),
            ("revocation_statements", &mut role.revocation_statements),
            ("rollback_statements", &mut role.rollback_statements),
        ] {
            if let Some(statements) = call.statements(name) {
                *field = statements;
            }
        }
        Ok(role)
    }

    pub(crate) fn fields(&self) -> Value {
        json!({
            "creation_statements": self.creation_statements,
            "credential_type": "password",
            "db_name": self.db_name,
            "default_ttl": self.default_ttl,
            "max_ttl": self.max_ttl,
            "renew_statements": self.renew_statements,
            "revocation_statements": self.revocation_statements,
            "rollback_statements": self.rollback_statements,
        })
    }

    /// The statements that extend a login.
    pub(crate) fn renewal(&self) -> Vec<String> {
        or_default(
            &self.renew_statements,
            "ALTER ROLE \"{{name}}\" VALID UNTIL '{{expiration}}';",
        )
    }

    /// The statements that drop a login. Without any, the server also revokes the rights on all objects of the schema
    /// `public`; this one does not.
    pub(crate) fn revocation(&self) -> Vec<String> {
        or_default(&self.revocation_statements, "DROP ROLE IF EXISTS \"{{name}}\";")
    }
}

fn or_default(statements: &[String], default: &str) -> Vec<String> {
    if statements.is_empty() {
        vec![default.to_owned()]
    } else {
        statements.to_vec()
    }
}

//! Token roles: what the tokens that `auth/token/create/{role}` creates have in common.

use crate::answer::Refusal;
use crate::call::Call;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One token role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenRole {
    pub(crate) allowed_policies: Vec<String>,
    pub(crate) is_orphan: bool,
    pub(crate) renewable: bool,
    pub(crate) kind: String,
    pub(crate) no_default_policy: bool,
    pub(crate) explicit_max_ttl: i64,
    pub(crate) period: i64,
}

impl Default for TokenRole {
    fn default() -> TokenRole {
        TokenRole {
            allowed_policies: Vec::new(),
            is_orphan: false,
            renewable: true,
            kind: "service".to_owned(),
            no_default_policy: false,
            explicit_max_ttl: 0,
            period: 0,
        }
    }
}

impl TokenRole {
    /// What `auth/token/create-orphan` creates.
    pub(crate) fn orphan() -> TokenRole {
        TokenRole {
            is_orphan: true,
            ..TokenRole::default()
        }
    }

    pub(crate) fn new(call: &Call) -> Result<TokenRole, Refusal> {
        let flag = |name: &str, default: bool| call.flag(name).unwrap_or(default);
        Ok(TokenRole {
            allowed_policies: call.list("allowed_policies").unwrap_or_default(),
            is_orphan: flag("orphan", false),
            renewable: flag("renewable", true),
            kind: call.filled("token_type").unwrap_or_else(|| "service".to_owned()),
            no_default_policy: flag("token_no_default_policy", false),
            explicit_max_ttl: call.seconds("token_explicit_max_ttl")?.unwrap_or(0),
            period: call.seconds("token_period")?.unwrap_or(0),
        })
    }

    /// The fields as they are read back, by the documentation: the recording has no such answer.
    pub(crate) fn fields(&self, name: &str) -> Value {
        json!({
            "allowed_entity_aliases": null,
            "allowed_policies": self.allowed_policies,
            "allowed_policies_glob": [],
            "disallowed_policies": [],
            "disallowed_policies_glob": [],
            "explicit_max_ttl": 0,
            "name": name,
            "orphan": self.is_orphan,
            "path_suffix": "",
            "period": 0,
            "renewable": self.renewable,
            "token_explicit_max_ttl": self.explicit_max_ttl,
            "token_no_default_policy": self.no_default_policy,
            "token_period": self.period,
            "token_type": self.kind,
        })
    }

    /// The policies of a token that wishes for these.
    ///
    /// # Errors
    /// 400 when one is not allowed.
    pub(crate) fn policies(&self, wished: Vec<String>) -> Result<Vec<String>, Refusal> {
        if self.allowed_policies.is_empty() {
            return Ok(wished);
        }
        if wished.is_empty() {
            return Ok(self.allowed_policies.clone());
        }
        if wished.iter().all(|policy| self.allowed_policies.contains(policy)) {
            return Ok(wished);
        }
        let quoted = |policies: &[String]| {
            policies
                .iter()
                .map(|name| format!("{name:?}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        Err(Refusal::bad_request(format!(
            "token policies ([{}]) must be subset of the role's allowed policies ([{}]) or glob policies ([])",
            quoted(&wished),
            quoted(&self.allowed_policies)
        )))
    }
}

//! Token roles: what the tokens that `auth/token/create/{role}` creates have in common.

use crate::answer::Refusal;
use crate::call::Call;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One token role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenRole {
    pub(crate) allowed_policies: Vec<String>,
    /// With `*` for any text.
    allowed_globs: Vec<String>,
    disallowed_policies: Vec<String>,
    entity_aliases: Vec<String>,
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
            allowed_globs: Vec::new(),
            disallowed_policies: Vec::new(),
            entity_aliases: Vec::new(),
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

    /// Whether tokens may have policies beyond those of their creator.
    pub(crate) fn limits_policies(&self) -> bool {
        !self.allowed_policies.is_empty() || !self.allowed_globs.is_empty()
    }

    /// This role with the fields that the call has.
    pub(crate) fn updated(&self, call: &Call) -> Result<TokenRole, Refusal> {
        let list = |name: &str, former: &[String]| call.list(name).unwrap_or_else(|| former.to_vec());
        let flag = |name: &str, former: bool| call.flag(name).unwrap_or(former);
        Ok(TokenRole {
            allowed_policies: list("allowed_policies", &self.allowed_policies),
            allowed_globs: list("allowed_policies_glob", &self.allowed_globs),
            disallowed_policies: list("disallowed_policies", &self.disallowed_policies),
            entity_aliases: list("allowed_entity_aliases", &self.entity_aliases),
            is_orphan: flag("orphan", self.is_orphan),
            renewable: flag("renewable", self.renewable),
            kind: call.filled("token_type").unwrap_or_else(|| self.kind.clone()),
            no_default_policy: flag("token_no_default_policy", self.no_default_policy),
            explicit_max_ttl: call
                .seconds("token_explicit_max_ttl")?
                .unwrap_or(self.explicit_max_ttl),
            period: call.seconds("token_period")?.unwrap_or(self.period),
        })
    }

    /// The fields as they are read back, by the documentation: the recording has no such answer. Networks and the number of uses
    /// are left out when they are not set.
    pub(crate) fn fields(&self, name: &str) -> Value {
        json!({
            "allowed_entity_aliases": self.entity_aliases,
            "allowed_policies": self.allowed_policies,
            "allowed_policies_glob": self.allowed_globs,
            "disallowed_policies": self.disallowed_policies,
            "disallowed_policies_glob": null,
            "explicit_max_ttl": 0,
            "name": name,
            "orphan": self.is_orphan,
            "path_suffix": "",
            "period": self.period,
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
        if !self.limits_policies() {
            return Ok(wished);
        }
        if wished.is_empty() {
            return Ok(self.allowed_policies.clone());
        }
        let is_allowed = |policy: &String| {
            let globs = self.allowed_globs.iter();
            let matches = |glob: &str| match glob.strip_suffix('*') {
                Some(start) => policy.starts_with(start),
                None => policy == glob,
            };
            self.allowed_policies.contains(policy) || globs.map(String::as_str).any(matches)
        };
        if wished.iter().all(is_allowed) {
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
            "token policies ([{}]) must be subset of the role's allowed policies ([{}]) or glob policies ([{}])",
            quoted(&wished),
            quoted(&self.allowed_policies),
            quoted(&self.allowed_globs)
        )))
    }
}

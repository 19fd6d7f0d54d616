//! What a login grants: the terms of the token that is created for it, and the settings of a role that lead to them.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answer::Refusal;
use crate::call::Call;

/// The server's longest TTL, which also is the default: 32 days.
pub(crate) const MAX_TTL: i64 = 768 * 3600;

/// Whether a token is stored, can be renewed and has an accessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Service,
    Batch,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Service => "service",
            Kind::Batch => "batch",
        }
    }
}

/// The terms of a new token. Durations are in seconds; 0 is none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) policies: Vec<String>,
    pub(crate) meta: Value,
    pub(crate) display_name: String,
    /// Where it was created.
    pub(crate) path: String,
    pub(crate) ttl: i64,
    pub(crate) max_ttl: i64,
    pub(crate) explicit_max_ttl: i64,
    pub(crate) period: i64,
    pub(crate) num_uses: i64,
    pub(crate) orphan: bool,
    pub(crate) renewable: bool,
    pub(crate) kind: Kind,
    /// The name of the caller at the login mount, which an entity belongs to.
    pub(crate) alias: Option<String>,
    pub(crate) bound_cidrs: Vec<IpNet>,
}

/// The fields `token_…` that the roles of all login methods have.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenSettings {
    policies: Vec<String>,
    no_default_policy: bool,
    ttl: i64,
    max_ttl: i64,
    explicit_max_ttl: i64,
    period: i64,
    num_uses: i64,
    kind: String,
    bound_cidrs: Vec<String>,
    strictly_bind_ip: bool,
}

impl Default for TokenSettings {
    fn default() -> TokenSettings {
        TokenSettings {
            policies: Vec::new(),
            no_default_policy: false,
            ttl: 0,
            max_ttl: 0,
            explicit_max_ttl: 0,
            period: 0,
            num_uses: 0,
            kind: "default".to_owned(),
            bound_cidrs: Vec::new(),
            strictly_bind_ip: false,
        }
    }
}

impl TokenSettings {
    /// Takes over the fields that the call has.
    pub(crate) fn update(&mut self, call: &Call) -> Result<(), Refusal> {
        for (name, field) in [
            ("token_ttl", &mut self.ttl),
            ("token_max_ttl", &mut self.max_ttl),
            ("token_explicit_max_ttl", &mut self.explicit_max_ttl),
            ("token_period", &mut self.period),
        ] {
            if let Some(seconds) = call.seconds(name)? {
                *field = seconds;
            }
        }
        if let Some(policies) = call.list("token_policies") {
            self.policies = policies;
        }
        if let Some(cidrs) = call.list("token_bound_cidrs") {
            // Read back without the mask of a single address.
            let bare = |cidr: String| match networks(std::slice::from_ref(&cidr)).first() {
                Some(network) if network.prefix_len() == network.max_prefix_len() => {
                    network.addr().to_string()
                }
                _ => cidr,
            };
            self.bound_cidrs = cidrs.into_iter().map(bare).collect();
        }
        self.no_default_policy = call
            .flag("token_no_default_policy")
            .unwrap_or(self.no_default_policy);
        self.num_uses = call.integer("token_num_uses").unwrap_or(self.num_uses);
        self.kind = call.text("token_type").unwrap_or_else(|| self.kind.clone());
        Ok(())
    }

    /// Whether tokens may be used from some networks only.
    pub(crate) fn is_bound(&self) -> bool {
        !self.bound_cidrs.is_empty()
    }

    /// The fields as they are read back.
    pub(crate) fn fields(&self) -> Map<String, Value> {
        let fields = [
            ("token_bound_cidrs", json!(self.bound_cidrs)),
            ("token_explicit_max_ttl", json!(self.explicit_max_ttl)),
            ("token_max_ttl", json!(self.max_ttl)),
            ("token_no_default_policy", json!(self.no_default_policy)),
            ("token_num_uses", json!(self.num_uses)),
            ("token_period", json!(self.period)),
            ("token_policies", json!(self.policies)),
            ("token_strictly_bind_ip", json!(self.strictly_bind_ip)),
            ("token_ttl", json!(self.ttl)),
            ("token_type", json!(self.kind)),
        ];
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect()
    }

    /// The grant of a login by a role with these settings.
    pub(crate) fn grant(&self, path: &str, display_name: &str, alias: &str, meta: Value) -> Grant {
        Grant {
            policies: with_default(self.policies.clone(), self.no_default_policy),
            meta,
            display_name: display_name.to_owned(),
            path: path.to_owned(),
            ttl: self.ttl,
            max_ttl: self.max_ttl,
            explicit_max_ttl: self.explicit_max_ttl,
            period: self.period,
            num_uses: self.num_uses,
            orphan: true,
            renewable: true,
            kind: if self.kind == "batch" {
                Kind::Batch
            } else {
                Kind::Service
            },
            alias: Some(alias.to_owned()),
            bound_cidrs: networks(&self.bound_cidrs),
        }
    }
}

/// Sorted, each once, with the policy `default` unless that is refused.
pub(crate) fn with_default(mut policies: Vec<String>, no_default: bool) -> Vec<String> {
    if !no_default && !policies.iter().any(|policy| policy == "root") {
        policies.push("default".to_owned());
    }
    policies.sort();
    policies.dedup();
    policies
}

/// Networks; an address without a length is one host.
pub(crate) fn networks(texts: &[String]) -> Vec<IpNet> {
    let parse = |text: &String| {
        text.parse::<IpNet>()
            .ok()
            .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
    };
    texts.iter().filter_map(parse).collect()
}

//! The tokens that are alive, with their accessors and children.

use std::collections::HashMap;
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::token::grant::{Grant, Kind, MAX_TTL};
use crate::{clock, go_duration, random};

/// One token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) accessor: String,
    pub(crate) grant: Grant,
    pub(crate) entity_id: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) creation_ttl: i64,
    /// The root token never expires.
    pub(crate) expires: Option<DateTime<Utc>>,
    last_renewal: Option<DateTime<Utc>>,
    /// -1 when the last use is under way or over.
    num_uses: i64,
    parent: Option<String>,
}

/// The result of a renewal.
pub(crate) struct Renewal {
    pub(crate) auth: Value,
    pub(crate) warnings: Vec<String>,
}

/// All tokens that are alive.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Tokens {
    by_id: HashMap<String, Token>,
}

impl Tokens {
    /// Creates the root token.
    pub(crate) fn create_root(&mut self, now: DateTime<Utc>) -> String {
        let grant = Grant {
            policies: vec!["root".to_owned()],
            meta: Value::Null,
            display_name: "root".to_owned(),
            path: "auth/token/root".to_owned(),
            ttl: 0,
            max_ttl: 0,
            explicit_max_ttl: 0,
            period: 0,
            num_uses: 0,
            orphan: true,
            renewable: false,
            kind: Kind::Service,
            alias: None,
            bound_cidrs: Vec::<IpNet>::new(),
        };
        let mut token = Token::new(grant, 0, String::new(), None, now);
        token.expires = None;
        let id = token.id.clone();
        self.by_id.insert(id.clone(), token);
        id
    }

    /// Creates a token; the warning says that its TTL is cut.
    pub(crate) fn create(
        &mut self,
        grant: Grant,
        entity_id: String,
        parent: Option<String>,
        now: DateTime<Utc>,
    ) -> (Token, Option<String>) {
        let wish = match (grant.period, grant.ttl) {
            (0, 0) => MAX_TTL,
            (0, ttl) => ttl,
            (period, _) => period,
        };
        let limit = limits(&grant).min().unwrap_or(MAX_TTL);
        let ttl = wish.min(limit);
        let warning = (wish > limit && grant.period == 0).then(|| ttl_warning(wish, limit));
        let token = Token::new(grant, ttl, entity_id, parent, now);
        self.by_id.insert(token.id.clone(), token.clone());
        (token, warning)
    }

    /// The token if it is alive and may be used from this address, without counting the use.
    pub(crate) fn find(&self, id: &str, now: DateTime<Utc>) -> Option<&Token> {
        self.by_id.get(id).filter(|token| token.is_alive(now))
    }

    pub(crate) fn find_by_accessor(&self, accessor: &str, now: DateTime<Utc>) -> Option<&Token> {
        let mut tokens = self.by_id.values();
        tokens.find(|token| !accessor.is_empty() && token.accessor == accessor && token.is_alive(now))
    }

    /// Counts one use of a token.
    ///
    /// # Errors
    /// 403 when it is unknown, dead, used up, or bound to another network.
    pub(crate) fn use_once(
        &mut self,
        id: &str,
        source: IpAddr,
        now: DateTime<Utc>,
    ) -> Result<Token, Refusal> {
        let token = self.by_id.get_mut(id).filter(|token| token.is_alive(now));
        let token = token.ok_or_else(Refusal::no_token)?;
        let cidrs = &token.grant.bound_cidrs;
        if !cidrs.is_empty() && !cidrs.iter().any(|network| network.contains(&source)) {
            return Err(Refusal::no_token());
        }
        match token.num_uses {
            0 => {}
            1 => token.num_uses = -1,
            _ => token.num_uses -= 1,
        }
        Ok(token.clone())
    }

    /// Renews a token: a periodic one by its period, others by the wish within their limits.
    ///
    /// # Errors
    /// 400 when it cannot be renewed.
    pub(crate) fn renew(
        &mut self,
        id: &str,
        wish: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Renewal, Refusal> {
        let token = self.by_id.get_mut(id).ok_or_else(Refusal::no_token)?;
        if token.grant.kind == Kind::Batch {
            return Err(Refusal::bad_request("batch tokens cannot be renewed"));
        }
        if token.expires.is_none() {
            return Err(Refusal::bad_request("invalid lease ID"));
        }
        if !token.grant.renewable {
            return Err(Refusal::bad_request("lease is not renewable"));
        }
        let mut warnings = Vec::new();
        let grant = &token.grant;
        let ttl = if grant.period > 0 {
            grant.period
        } else {
            let wish = wish.filter(|wish| *wish > 0).unwrap_or(token.creation_ttl);
            let age = (now - token.created).num_seconds();
            let remaining = limits(grant).map(|limit| limit - age).min().unwrap_or(MAX_TTL);
            if wish > remaining {
                // The server states an explicit maximum as it was set, any other as what is left of it.
                let stated = if grant.explicit_max_ttl > 0 {
                    grant.explicit_max_ttl
                } else {
                    remaining
                };
                warnings.push(ttl_warning(wish, stated));
            }
            wish.min(remaining)
        };
        token.expires = Some(now + TimeDelta::seconds(ttl));
        token.last_renewal = Some(now);
        Ok(Renewal {
            auth: token.auth(ttl),
            warnings,
        })
    }

    /// Ends a token and its children, but not orphans; returns the ids that ended.
    pub(crate) fn revoke(&mut self, id: &str) -> Vec<String> {
        let Some(token) = self.by_id.remove(id) else {
            return Vec::new();
        };
        let is_child = |other: &&Token| other.parent.as_ref() == Some(&token.id) && !other.grant.orphan;
        let children: Vec<String> = self
            .by_id
            .values()
            .filter(is_child)
            .map(|child| child.id.clone())
            .collect();
        let below = children.iter().flat_map(|child| self.revoke(child));
        let mut ended: Vec<String> = below.collect();
        ended.push(token.id);
        ended
    }

    /// Ends what is over; returns the ids that ended.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>) -> Vec<String> {
        let over = self.by_id.values().filter(|token| !token.is_alive(now));
        let over: Vec<String> = over.map(|token| token.id.clone()).collect();
        over.iter().flat_map(|id| self.revoke(id)).collect()
    }
}

/// All limits of the lifetime of a token, in seconds since its creation.
fn limits(grant: &Grant) -> impl Iterator<Item = i64> {
    let own = [grant.max_ttl, grant.explicit_max_ttl]
        .into_iter()
        .filter(|limit| *limit > 0);
    own.chain([MAX_TTL])
}

/// The warning about a duration that is cut.
pub(crate) fn ttl_warning(wish: i64, limit: i64) -> String {
    let (wish, limit) = (go_duration::format(wish), go_duration::format(limit));
    format!(
        "TTL of \"{wish}\" exceeded the effective max_ttl of \"{limit}\"; TTL value is capped accordingly"
    )
}

impl Token {
    fn new(grant: Grant, ttl: i64, entity_id: String, parent: Option<String>, now: DateTime<Utc>) -> Token {
        let (id, accessor) = match grant.kind {
            Kind::Service => (
                format!("s.{}", random::alphanumeric(24)),
                random::alphanumeric(24),
            ),
            Kind::Batch => (format!("b.{}", random::url_safe(130)), String::new()),
        };
        Token {
            id,
            accessor,
            entity_id,
            created: now,
            creation_ttl: ttl,
            expires: Some(now + TimeDelta::seconds(ttl)),
            last_renewal: None,
            num_uses: grant.num_uses,
            parent,
            grant,
        }
    }

    fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.num_uses >= 0 && self.expires.is_none_or(|expires| expires > now)
    }

    /// The `auth` of an answer.
    pub(crate) fn auth(&self, ttl: i64) -> Value {
        let grant = &self.grant;
        json!({
            "client_token": self.id,
            "accessor": self.accessor,
            "policies": grant.policies,
            "token_policies": grant.policies,
            "metadata": grant.meta,
            "lease_duration": ttl,
            "renewable": grant.renewable && grant.kind == Kind::Service,
            "entity_id": self.entity_id,
            "token_type": grant.kind.name(),
            "orphan": grant.orphan,
            "mfa_requirement": null,
            "num_uses": grant.num_uses,
        })
    }

    /// What a look-up answers.
    pub(crate) fn details(&self, now: DateTime<Utc>) -> Value {
        let grant = &self.grant;
        let text = match grant.kind {
            Kind::Service => clock::nanoseconds,
            Kind::Batch => clock::seconds,
        };
        let ttl = self.expires.map_or(0, |expires| rounded_seconds(expires - now));
        let mut data = json!({
            "accessor": self.accessor,
            "creation_time": self.created.timestamp(),
            "creation_ttl": self.creation_ttl,
            "display_name": grant.display_name,
            "entity_id": self.entity_id,
            "expire_time": self.expires.map(text),
            "explicit_max_ttl": grant.explicit_max_ttl,
            "id": self.id,
            "meta": grant.meta,
            "num_uses": self.num_uses,
            "orphan": grant.orphan,
            "path": grant.path,
            "policies": grant.policies,
            "ttl": ttl,
            "type": grant.kind.name(),
        });
        if self.expires.is_some() {
            data["issue_time"] = json!(text(self.created));
            data["renewable"] = json!(grant.renewable && grant.kind == Kind::Service);
        }
        if grant.period > 0 {
            data["period"] = json!(grant.period);
        }
        if let Some(renewed) = self.last_renewal {
            data["last_renewal"] = json!(text(renewed));
            data["last_renewal_time"] = json!(renewed.timestamp());
        }
        data
    }
}

/// A duration to the nearest second.
fn rounded_seconds(duration: TimeDelta) -> i64 {
    (duration + TimeDelta::milliseconds(500)).num_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(ttl: i64, orphan: bool) -> Grant {
        let mut tokens = Tokens::default();
        let root = tokens.create_root(clock::wall_clock());
        let mut grant = tokens.by_id[&root].grant.clone();
        grant.ttl = ttl;
        grant.orphan = orphan;
        grant
    }

    #[test]
    fn the_end_of_a_token_ends_its_children_but_no_orphans() {
        let now = clock::wall_clock();
        let mut tokens = Tokens::default();
        let (parent, _) = tokens.create(grant(10, true), String::new(), None, now);
        let owner = Some(parent.id.clone());
        let (child, _) = tokens.create(grant(100, false), String::new(), owner.clone(), now);
        let (orphan, _) = tokens.create(grant(100, true), String::new(), owner, now);
        let ended = tokens.expire(now + TimeDelta::seconds(11));
        assert!(ended.contains(&parent.id) && ended.contains(&child.id));
        assert!(!ended.contains(&orphan.id));
        assert!(tokens.find(&child.id, now).is_none());
    }
}

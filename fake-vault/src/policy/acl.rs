//! What the policies of a token allow together.

use std::collections::BTreeMap;

use crate::policy::document::{Document, Rule};

/// A right that a rule grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capability {
    Read,
    /// `create` and `update` are not distinguished.
    Write,
    Delete,
    List,
    Patch,
}

/// The merged rules of several policies.
pub(crate) struct Acl {
    /// The policy `root` allows everything.
    is_root: bool,
    rules: BTreeMap<String, Rule>,
}

impl Acl {
    /// The rules of these policies. The same pattern in two of them grants both.
    pub(crate) fn new<'a>(is_root: bool, documents: impl Iterator<Item = &'a Document>) -> Acl {
        let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
        for rule in documents.flat_map(|document| &document.rules) {
            let merged = rules.entry(rule.pattern.clone()).or_insert_with(|| Rule {
                pattern: rule.pattern.clone(),
                ..Rule::default()
            });
            merged.capabilities.extend(rule.capabilities.iter().cloned());
            merged.min_wrapping_ttl = merged.min_wrapping_ttl.or(rule.min_wrapping_ttl);
            merged.max_wrapping_ttl = merged.max_wrapping_ttl.or(rule.max_wrapping_ttl);
        }
        Acl { is_root, rules }
    }

    /// Whether the operation on the path is allowed, with this wish for a wrapped reply.
    pub(crate) fn allows(
        &self,
        capability: Capability,
        path: &str,
        sudo: bool,
        wrap_ttl: Option<i64>,
    ) -> bool {
        if self.is_root {
            return true;
        }
        let Some(rule) = self.rule(path) else {
            return false;
        };
        let has = |name: &str| rule.capabilities.iter().any(|capability| capability == name);
        let granted = match capability {
            Capability::Read => has("read"),
            Capability::Write => has("update") || has("create"),
            Capability::Delete => has("delete"),
            Capability::List => has("list"),
            Capability::Patch => has("patch"),
        };
        granted && !has("deny") && (!sudo || has("sudo")) && wrapping_allowed(rule, wrap_ttl)
    }

    /// The capabilities on a path, as `sys/capabilities-self` lists them.
    pub(crate) fn capabilities(&self, path: &str) -> Vec<String> {
        if self.is_root {
            return vec!["root".to_owned()];
        }
        let mut names = self
            .rule(path)
            .map_or_else(Vec::new, |rule| rule.capabilities.clone());
        names.sort();
        names.dedup();
        if names.is_empty() || names.iter().any(|name| name == "deny") {
            return vec!["deny".to_owned()];
        }
        names
    }

    /// The most specific rule that matches.
    fn rule(&self, path: &str) -> Option<&Rule> {
        if let Some(exact) = self.rules.get(path) {
            return Some(exact);
        }
        let matching = self.rules.values().filter(|rule| matches(&rule.pattern, path));
        matching.max_by_key(|rule| (!rule.pattern.contains('+'), rule.pattern.len()))
    }
}

fn wrapping_allowed(rule: &Rule, wrap_ttl: Option<i64>) -> bool {
    if rule.min_wrapping_ttl.is_none() && rule.max_wrapping_ttl.is_none() {
        return true;
    }
    wrap_ttl.is_some_and(|ttl| {
        rule.min_wrapping_ttl.is_none_or(|min| ttl >= min)
            && rule.max_wrapping_ttl.is_none_or(|max| ttl <= max)
    })
}

/// `*` at the end matches everything behind, `+` one segment.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, is_prefix) = match pattern.strip_suffix('*') {
        Some(start) => (start, true),
        None => (pattern, false),
    };
    let mut segments = path.split('/');
    let parts: Vec<&str> = pattern.split('/').collect();
    let last = parts.len() - 1;
    for (at, part) in parts.iter().enumerate() {
        let Some(segment) = segments.next() else {
            return false;
        };
        let fits = if at == last && is_prefix {
            segment.starts_with(part)
        } else {
            *part == "+" || *part == segment
        };
        if !fits {
            return false;
        }
    }
    is_prefix || segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;

    #[test]
    fn the_most_specific_rule_decides() {
        let document = parse(
            "path \"a/*\" { capabilities = [\"read\"] } path \"a/b\" { capabilities = [\"deny\"] } path \"c/+/d\" { capabilities = [\"update\"] }",
        )
        .unwrap();
        let acl = Acl::new(false, [&document].into_iter());
        let may = |capability, path| acl.allows(capability, path, false, None);
        assert!(may(Capability::Read, "a/c/d"));
        assert!(!may(Capability::Read, "a/b"));
        assert!(may(Capability::Write, "c/x/d"));
        assert!(!may(Capability::Write, "c/x/y/d"));
        assert!(!may(Capability::Read, "ab"));
        assert_eq!(acl.capabilities("nowhere"), ["deny"]);
    }

    #[test]
    fn a_reply_that_must_be_wrapped_is_refused_otherwise() {
        let text = "path \"a\" { capabilities = [\"update\"] min_wrapping_ttl = \"1s\" max_wrapping_ttl = \"300s\" }";
        let document = parse(text).unwrap();
        let acl = Acl::new(false, [&document].into_iter());
        for (ttl, allowed) in [(None, false), (Some(60), true), (Some(600), false)] {
            assert_eq!(acl.allows(Capability::Write, "a", false, ttl), allowed);
        }
    }
}

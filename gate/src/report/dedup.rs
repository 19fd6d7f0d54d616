//! Which findings are the same defect: those with an advisory (RUSTSEC, CVE, GHSA) in common, or a weakness (CWE) at the same
//! place.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Location};

/// For each finding the index of the first one of the same defect.
pub fn groups(findings: &[&Finding]) -> Vec<usize> {
    let keys = keys(findings);
    let mut groups = Groups::of(findings.len());
    let mut by_key: BTreeMap<&Key, usize> = BTreeMap::new();
    for (index, keys) in keys.iter().enumerate() {
        for key in keys {
            groups.join(index, *by_key.entry(key).or_insert(index));
        }
    }
    (0..findings.len()).map(|index| groups.first(index)).collect()
}

/// Findings with a key in common are the same defect.
type Key = (&'static str, String, String);

fn keys(findings: &[&Finding]) -> Vec<Vec<Key>> {
    // Some tools do not name the package: if an advisory is in one package only, that one is meant.
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // If a tool distinguishes several rules at one place, a common weakness does not make them one defect.
    let mut rules: BTreeMap<(&str, &Location), BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for finding in findings {
        for id in advisories(finding) {
            packages.entry(id).or_default().extend(finding.package.as_deref());
        }
        for (cwe, location) in weaknesses(finding) {
            let tools = rules.entry((cwe, location)).or_default();
            tools.entry(&finding.tool).or_default().insert(&finding.rule);
        }
    }
    let only = |id: &str| match packages.get(id) {
        Some(packages) if packages.len() == 1 => packages.first().copied(),
        _ => None,
    };
    let of = |finding: &Finding| -> Vec<Key> {
        let own = finding.package.as_deref();
        let package = |id: &str| own.or_else(|| only(id)).unwrap_or_default();
        let place = finding
            .location
            .as_ref()
            .map_or(String::new(), ToString::to_string);
        let same = [&finding.tool, finding.rule.as_str(), own.unwrap_or_default()].join("\n");
        let mut keys = vec![("tool", same, place.clone())];
        keys.extend(advisories(finding).map(|id| ("advisory", id.to_owned(), package(id).to_owned())));
        keys.extend(weaknesses(finding).filter_map(|(cwe, location)| {
            let tools = rules.get(&(cwe, location))?;
            let distinguished = tools.values().any(|rules| rules.len() > 1);
            (!distinguished).then(|| ("weakness", cwe.to_owned(), place.clone()))
        }));
        keys
    };
    findings.iter().map(|finding| of(finding)).collect()
}

/// The advisories among a finding's names.
fn advisories(finding: &Finding) -> impl Iterator<Item = &str> {
    names(finding).filter(|name| rank(name) < 3)
}

/// The weaknesses that a finding names, if it has a location.
fn weaknesses(finding: &Finding) -> impl Iterator<Item = (&str, &Location)> {
    // The weakness of an advisory is only its category.
    let is_advisory = advisories(finding).next().is_some();
    let location = finding.location.as_ref().filter(|_| !is_advisory);
    location.into_iter().flat_map(move |location| {
        let cwes = names(finding).filter(|name| name.starts_with("CWE-"));
        cwes.map(move |cwe| (cwe, location))
    })
}

/// Every name of a finding, its rule first.
pub fn names(finding: &Finding) -> impl Iterator<Item = &str> {
    let aliases = finding.aliases.iter().map(String::as_str);
    std::iter::once(finding.rule.as_str()).chain(aliases)
}

/// Better-known names have a lower rank; those of advisories are below 3.
pub fn rank(name: &str) -> usize {
    let known = ["RUSTSEC-", "CVE-", "GHSA-"];
    known
        .iter()
        .position(|start| name.starts_with(start))
        .unwrap_or(known.len())
}

/// A union-find forest: each index refers to an earlier one of its group, or to itself.
struct Groups(Vec<usize>);

impl Groups {
    fn of(count: usize) -> Groups {
        Groups((0..count).collect())
    }

    fn first(&self, mut index: usize) -> usize {
        while self.0[index] != index {
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other)] = one.min(other);
    }
}

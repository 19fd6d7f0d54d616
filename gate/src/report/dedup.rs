//! Which findings are the same defect: an advisory is its aliases (RUSTSEC, CVE, GHSA), the rest is weakness (CWE) and place.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Location};

/// For each finding the place of the first that is the same defect.
pub fn groups(findings: &[&Finding]) -> Vec<usize> {
    let keys = keys(findings);
    let mut groups = Groups::of(findings.len());
    let mut by_key: BTreeMap<&Key, usize> = BTreeMap::new();
    for (place, keys) in keys.iter().enumerate() {
        for key in keys {
            groups.join(place, *by_key.entry(key).or_insert(place));
        }
    }
    (0..findings.len()).map(|place| groups.first(place)).collect()
}

/// What two findings have in common that are the same defect.
type Key = (&'static str, String, String);

fn keys(findings: &[&Finding]) -> Vec<Vec<Key>> {
    // Some tools do not name the package: where an advisory is in one package only, that one is meant.
    let mut packages: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // Where one tool tells several rules apart at one place, a shared weakness does not make them one.
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
        let package = |id: &str| {
            finding
                .package
                .as_deref()
                .or_else(|| only(id))
                .unwrap_or_default()
        };
        let place = finding.location.as_ref().map_or(String::new(), |location| {
            format!("{}:{}", location.path, location.line.unwrap_or_default())
        });
        let same = [
            finding.rule.as_str(),
            finding.package.as_deref().unwrap_or_default(),
        ]
        .join("\n");
        let mut keys = vec![("tool", [finding.tool.as_str(), &same].join("\n"), place.clone())];
        keys.extend(advisories(finding).map(|id| ("advisory", id.to_owned(), package(id).to_owned())));
        keys.extend(weaknesses(finding).filter_map(|(cwe, location)| {
            let tools = rules.get(&(cwe, location))?;
            let told_apart = tools.values().any(|rules| rules.len() > 1);
            (!told_apart).then(|| ("weakness", cwe.to_owned(), place.clone()))
        }));
        keys
    };
    findings.iter().map(|finding| of(finding)).collect()
}

/// The names of advisories among a finding's names.
fn advisories(finding: &Finding) -> impl Iterator<Item = &str> {
    names(finding).filter(|name| rank(name) < 3)
}

/// The weaknesses that a finding names, where it has a place.
fn weaknesses(finding: &Finding) -> impl Iterator<Item = (&str, &Location)> {
    // An advisory's weakness says what kind it is of, not which it is.
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

/// The better known name first; an advisory's is less than 3.
pub fn rank(name: &str) -> usize {
    let known = ["RUSTSEC-", "CVE-", "GHSA-"];
    known
        .iter()
        .position(|start| name.starts_with(start))
        .unwrap_or(known.len())
}

/// Which belong together: each place knows an earlier one of its group, or itself.
struct Groups(Vec<usize>);

impl Groups {
    fn of(count: usize) -> Groups {
        Groups((0..count).collect())
    }

    fn first(&self, mut place: usize) -> usize {
        while self.0[place] != place {
            place = self.0[place];
        }
        place
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other)] = one.min(other);
    }
}

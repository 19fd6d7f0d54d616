//! What is wrong with an entry of the ledger, on a given day; reads no file and no clock.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use harness::output::is_control;

use crate::waivers::entry::{FILE, LONGEST, Waiver};
use crate::waivers::ledger::Ledger;
use crate::waivers::scope;
use crate::waivers::violation::{EXPIRED, MALFORMED, PERIOD, UNKNOWN, Violation};

/// What an entry may name.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Tools.
    pub tools: BTreeSet<String>,
    /// Owners; where nothing says who they are, any will do.
    pub owners: Option<BTreeSet<String>>,
    /// Files of the repository.
    pub files: BTreeSet<String>,
}

/// All that is wrong with it on this day.
pub fn of(ledger: &Ledger, known: &Known, today: NaiveDate) -> Vec<Violation> {
    let mut violations = ledger.malformed.clone();
    let mut ids = BTreeSet::new();
    for waiver in &ledger.waiver {
        let mut violation = |rule, what: String| {
            violations.push(Violation {
                rule,
                what: format!("{}: {what}", waiver.id),
                path: FILE.to_owned(),
                line: Some(waiver.line),
            });
        };
        if !ids.insert(&waiver.id) {
            violation(MALFORMED, "an entry above has this id".to_owned());
        }
        for (field, text) in filled(waiver) {
            if text.trim().is_empty() {
                violation(MALFORMED, format!("{field} is empty"));
            }
            if text.chars().any(is_control) {
                violation(
                    MALFORMED,
                    format!("{field} has a letter that a terminal takes for a command"),
                );
            }
        }
        for what in scope::violations(waiver, &known.files) {
            violation(MALFORMED, what);
        }
        if waiver.tools.is_empty() {
            violation(MALFORMED, "tools is empty".to_owned());
        }
        if !is_link(&waiver.link) {
            violation(
                MALFORMED,
                format!("link {:?} is neither a URL nor #NUMBER", waiver.link),
            );
        }
        for tool in waiver.tools.iter().filter(|tool| !known.tools.contains(*tool)) {
            violation(UNKNOWN, format!("there is no tool {tool:?}"));
        }
        if known
            .owners
            .as_ref()
            .is_some_and(|owners| !owners.contains(&waiver.owner))
        {
            violation(UNKNOWN, format!("owner {:?} is not in CODEOWNERS", waiver.owner));
        }
        if waiver.created > today {
            violation(PERIOD, format!("created on {}, which is to come", waiver.created));
        }
        if waiver.expires < waiver.created {
            violation(PERIOD, "expires before it was created".to_owned());
        }
        if waiver.is_too_long() {
            violation(
                PERIOD,
                format!(
                    "expires on {}, more than {LONGEST} days after {}",
                    waiver.expires, waiver.created
                ),
            );
        }
        if waiver.expires < today {
            violation(
                EXPIRED,
                format!(
                    "expired on {}: mend what it covers, or decide again",
                    waiver.expires
                ),
            );
        }
    }
    violations
}

fn filled(waiver: &Waiver) -> impl Iterator<Item = (&'static str, &str)> {
    let optional = [("path", &waiver.path), ("package", &waiver.package)];
    let optional = optional
        .into_iter()
        .filter_map(|(field, text)| Some((field, text.as_deref()?)));
    let tools = waiver.tools.iter().map(|tool| ("tools", tool.as_str()));
    [
        ("id", waiver.id.as_str()),
        ("rule", &waiver.rule),
        ("reason", &waiver.reason),
        ("owner", &waiver.owner),
        ("link", &waiver.link),
    ]
    .into_iter()
    .chain(optional)
    .chain(tools)
}

/// `https://…`, or an issue of this repository: `#12`.
fn is_link(link: &str) -> bool {
    let number = link.strip_prefix('#');
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        || link
            .strip_prefix("https://")
            .is_some_and(|rest| rest.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::parse;

    const GOOD: &str = r##"
[[waiver]]
id = "W-1"
tools = ["hadolint"]
rule = "DL3007"
reason = "because"
owner = "@team"
created = "2026-11-01"
expires = "2027-01-30"
link = "#7"
"##;

    fn found(text: &str, today: &str) -> Vec<(&'static str, String)> {
        let known = Known {
            tools: ["hadolint".to_owned()].into(),
            owners: Some(["@team".to_owned()].into()),
            files: BTreeSet::new(),
        };
        let violations = of(&parse::ledger(text), &known, today.parse().unwrap());
        violations
            .into_iter()
            .map(|violation| (violation.rule, violation.what))
            .collect()
    }

    #[test]
    fn a_good_entry_has_no_fault_until_its_last_day() {
        for day in ["2026-11-01", "2027-01-30"] {
            assert_eq!(found(GOOD, day), [], "{day}");
        }
        let expired = found(GOOD, "2027-01-31");
        assert_eq!(expired.len(), 1);
        assert_eq!(expired[0].0, EXPIRED);
        assert!(expired[0].1.starts_with("W-1: expired on 2027-01-30"));
    }

    #[test]
    fn each_fault_is_named_with_its_entry() {
        for (from, to, rule, what) in [
            (
                "created = \"2026-11-01\"",
                "created = \"2026-11-03\"",
                PERIOD,
                "to come",
            ),
            ("2027-01-30", "2027-01-31", PERIOD, "more than 90 days"),
            ("2027-01-30", "2026-10-30", PERIOD, "before it was created"),
            ("#7", "see above", MALFORMED, "link"),
            ("because", " ", MALFORMED, "reason is empty"),
            ("because", "\\u001b[2J", MALFORMED, "reason has a letter"),
            ("because", "a\\nb", MALFORMED, "reason has a letter"),
            ("DL3007", "CWE-400", MALFORMED, "class"),
            ("DL3007", "", MALFORMED, "rule is empty"),
            ("[\"hadolint\"]", "[]", MALFORMED, "tools is empty"),
            ("\"hadolint\"", "\"hadolimt\"", UNKNOWN, "hadolimt"),
            ("@team", "@nobody", UNKNOWN, "@nobody"),
            ("2026-11-01", "2026-13-01", MALFORMED, "created"),
            ("2026-11-01", "soon", MALFORMED, "created"),
            ("owner = \"@team\"\n", "", MALFORMED, "owner"),
            ("reason =", "raeson =", MALFORMED, "raeson"),
        ] {
            let found = found(&GOOD.replace(from, to), "2026-11-02");
            assert!(
                found
                    .iter()
                    .any(|violation| violation.0 == rule && violation.1.contains(what)),
                "{to}: {found:?}"
            );
            assert!(
                found.iter().all(|violation| violation.1.starts_with("W-1: ")),
                "{to}: {found:?}"
            );
        }
    }

    #[test]
    fn one_id_twice_and_no_id_at_all_are_told() {
        let twice = found(&GOOD.repeat(2), "2026-11-02");
        assert_eq!(twice, [(MALFORMED, "W-1: an entry above has this id".to_owned())]);
        let without = found(&GOOD.replace("id = \"W-1\"\n", ""), "2026-11-02");
        assert!(without[0].1.starts_with("the entry at line 2: "), "{without:?}");
        let nonsense = found("waiver = 7 [", "2026-11-02");
        assert_eq!(nonsense[0].0, MALFORMED);
    }
}

//! The rules for entries of the ledger, checked as of a given day.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use harness::output::is_control;

use crate::waivers::entry::{FILE, MAX_DAYS, Waiver};
use crate::waivers::ledger::Ledger;
use crate::waivers::scope;
use crate::waivers::violation::{EXPIRED, MALFORMED, PERIOD, UNKNOWN, Violation};

/// The names that an entry may use.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub tools: BTreeSet<String>,
    /// `None` without a CODEOWNERS file: then any owner is valid.
    pub owners: Option<BTreeSet<String>>,
    pub files: BTreeSet<String>,
}

/// All violations of the rules on this day.
pub fn violations(ledger: &Ledger, known: &Known, today: NaiveDate) -> Vec<Violation> {
    let mut violations = ledger.malformed.clone();
    let mut ids = BTreeSet::new();
    for waiver in &ledger.waivers {
        let mut check = |rule, is_violated: bool, what: String| {
            if is_violated {
                let what = format!("{}: {what}", waiver.id);
                violations.push(Violation::new(rule, FILE, Some(waiver.line), what));
            }
        };
        let is_duplicate = !ids.insert(&waiver.id);
        check(MALFORMED, is_duplicate, "an entry above has this id".to_owned());
        for (field, text) in texts(waiver) {
            check(MALFORMED, text.trim().is_empty(), format!("{field} is empty"));
            let what = format!("{field} contains a control character");
            check(MALFORMED, text.chars().any(is_control), what);
        }
        for what in scope::violations(waiver, &known.files) {
            check(MALFORMED, true, what);
        }
        check(MALFORMED, waiver.tools.is_empty(), "tools is empty".to_owned());
        let what = format!("link {:?} is neither a URL nor #NUMBER", waiver.link);
        check(MALFORMED, !is_link(&waiver.link), what);
        for tool in &waiver.tools {
            let is_unknown = !known.tools.contains(tool);
            check(UNKNOWN, is_unknown, format!("there is no tool {tool:?}"));
        }
        let (owner, created, expires) = (&waiver.owner, waiver.created, waiver.expires);
        let owners = known.owners.as_ref();
        let is_unknown = owners.is_some_and(|owners| !owners.contains(owner));
        let what = format!("owner {owner:?} is not in CODEOWNERS");
        check(UNKNOWN, is_unknown, what);
        let what = format!("created on {created}, in the future");
        check(PERIOD, created > today, what);
        let what = "expires before it was created".to_owned();
        check(PERIOD, expires < created, what);
        let what = format!("expires on {expires}, more than {MAX_DAYS} days after {created}");
        check(PERIOD, waiver.is_too_long(), what);
        let what = format!("expired on {expires}: fix what it covers, or renew the decision");
        check(EXPIRED, expires < today, what);
    }
    violations
}

/// All text fields by name.
fn texts(waiver: &Waiver) -> impl Iterator<Item = (&'static str, &str)> {
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
    use crate::waivers::sample_entry;

    fn good() -> String {
        sample_entry("hadolint", "DL3007", "")
            .replace("\"o\"", "\"@team\"")
            .replace("\"r\"", "\"because\"")
            .replace("2026-12-01", "2027-01-30")
    }

    fn found(text: &str, today: &str) -> Vec<(&'static str, String)> {
        let known = Known {
            tools: ["hadolint".to_owned()].into(),
            owners: Some(["@team".to_owned()].into()),
            files: BTreeSet::new(),
        };
        let violations = violations(&Ledger::parse(text), &known, today.parse().unwrap());
        violations
            .into_iter()
            .map(|violation| (violation.rule, violation.what))
            .collect()
    }

    #[test]
    fn a_good_entry_has_no_violation_until_its_last_day() {
        for day in ["2026-11-01", "2027-01-30"] {
            assert_eq!(found(&good(), day), [], "{day}");
        }
        let expired = found(&good(), "2027-01-31");
        assert_eq!(expired.len(), 1);
        assert_eq!(expired[0].0, EXPIRED);
        assert!(expired[0].1.starts_with("W-1: expired on 2027-01-30"));
    }

    #[test]
    fn each_violation_names_its_entry() {
        for (from, to, rule, what) in [
            ("2026-11-01", "2026-11-03", PERIOD, "in the future"),
            ("2027-01-30", "2027-01-31", PERIOD, "more than 90 days"),
            ("2027-01-30", "2026-10-30", PERIOD, "before it was created"),
            ("#1", "see above", MALFORMED, "link"),
            ("because", " ", MALFORMED, "reason is empty"),
            (
                "because",
                "\\u001b[2J",
                MALFORMED,
                "reason contains a control character",
            ),
            (
                "because",
                "a\\nb",
                MALFORMED,
                "reason contains a control character",
            ),
            ("DL3007", "CWE-400", MALFORMED, "class"),
            ("DL3007", "", MALFORMED, "rule is empty"),
            ("[\"hadolint\"]", "[]", MALFORMED, "tools is empty"),
            ("\"hadolint\"", "\"hadolimt\"", UNKNOWN, "hadolimt"),
            ("@team", "@other", UNKNOWN, "@other"),
            ("2026-11-01", "2026-13-01", MALFORMED, "created"),
            ("2026-11-01", "soon", MALFORMED, "created"),
            ("owner = \"@team\"\n", "", MALFORMED, "owner"),
            ("reason =", "raeson =", MALFORMED, "raeson"),
        ] {
            let found = found(&good().replace(from, to), "2026-11-02");
            let has = |violation: &(_, String)| violation.0 == rule && violation.1.contains(what);
            assert!(found.iter().any(has), "{to}: {found:?}");
            let mut texts = found.iter().map(|violation| &violation.1);
            assert!(texts.all(|text| text.starts_with("W-1: ")), "{to}: {found:?}");
        }
    }

    #[test]
    fn a_duplicate_and_a_missing_id_are_reported() {
        let twice = found(&good().repeat(2), "2026-11-02");
        assert_eq!(twice, [(MALFORMED, "W-1: an entry above has this id".to_owned())]);
        let without = found(&good().replace("id = \"W-1\"\n", ""), "2026-11-02");
        assert!(without[0].1.starts_with("the entry at line 1: "), "{without:?}");
        let nonsense = found("waiver = 7 [", "2026-11-02");
        assert_eq!(nonsense[0].0, MALFORMED);
    }
}

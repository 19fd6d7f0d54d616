//! Lists of tools that are not what the ledger says, and a `deny.toml` that is weaker than it was; mends none.

use chrono::NaiveDate;

use crate::gates::deny::settings;
use crate::waivers::deny_toml;
use crate::waivers::ignore_files::LISTS;
use crate::waivers::ledger::Ledger;
use crate::waivers::violation::{LIST, Violation};

/// Compares with the ledger of this day; `read` answers a file's text.
pub fn of(ledger: &Ledger, today: NaiveDate, read: impl Fn(&str) -> Option<String>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for list in LISTS {
        let wanted = list.of(ledger, today).unwrap_or_default();
        let found = read(list.path).unwrap_or_default();
        if let Some(line) = first_difference(&found, &wanted) {
            violations.push(differs(list.path, line));
        }
    }
    match read(deny_toml::PATH) {
        Some(text) => violations.extend(in_deny(ledger, today, &text)),
        // Whether there must be one is the gate's question, but what the ledger says needs a place.
        None => violations.extend(
            deny_toml::with("", ledger, today)
                .err()
                .map(|why| violation(deny_toml::PATH, None, why)),
        ),
    }
    violations
}

fn in_deny(ledger: &Ledger, today: NaiveDate, text: &str) -> Vec<Violation> {
    let mut violations = match deny_toml::with(text, ledger, today) {
        Ok(wanted) => first_difference(text, &wanted)
            .map(|line| differs(deny_toml::PATH, line))
            .into_iter()
            .collect(),
        Err(why) => vec![violation(deny_toml::PATH, None, why)],
    };
    let by_hand = deny_toml::by_hand(text).map(|lines| {
        let what = "an exception that security/waivers.toml does not have";
        let told = lines.into_iter().map(|line| (Some(line), what.to_owned()));
        told.collect::<Vec<_>>()
    });
    match by_hand.and_then(|found| Ok([found, settings::violations(text)?].concat())) {
        Ok(found) => violations.extend(
            found
                .into_iter()
                .map(|(line, what)| violation(deny_toml::PATH, line, what)),
        ),
        Err(why) => violations.push(violation(deny_toml::PATH, None, why)),
    }
    violations
}

fn differs(path: &str, line: u64) -> Violation {
    let what = "is not what security/waivers.toml says: run `cargo xtask waivers sync`";
    violation(path, Some(line), what.to_owned())
}

fn violation(path: &str, line: Option<u64>, what: String) -> Violation {
    Violation {
        rule: LIST,
        what,
        path: path.to_owned(),
        line,
    }
}

/// The first line, from 1, that is not the same.
fn first_difference(found: &str, wanted: &str) -> Option<u64> {
    if found == wanted {
        return None;
    }
    let same = found
        .lines()
        .zip(wanted.lines())
        .take_while(|(a, b)| a == b)
        .count();
    Some(same as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::parse;

    const LEDGER: &str = "[[waiver]]\nid = \"W-1\"\ntools = [\"hadolint\"]\nrule = \"DL3007\"\nreason = \"r\"\n\
                          owner = \"o\"\ncreated = \"2026-11-01\"\nexpires = \"2026-12-01\"\nlink = \"#1\"\n";

    fn today() -> NaiveDate {
        "2026-12-01".parse().unwrap()
    }

    fn found(files: &[(&str, &str)]) -> Vec<(String, Option<u64>)> {
        let read = |path: &str| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        let violations = of(&parse::ledger(LEDGER), today(), read);
        violations
            .into_iter()
            .map(|violation| (violation.path, violation.line))
            .collect()
    }

    #[test]
    fn a_list_that_somebody_changed_is_found_by_file_and_line() {
        let list = LISTS.iter().find(|list| list.tool == "hadolint").unwrap();
        let right = list.of(&parse::ledger(LEDGER), today()).unwrap();
        assert_eq!(found(&[(".hadolint.yaml", &right)]), []);
        let added = format!("{right}  - DL3008\n");
        assert_eq!(
            found(&[(".hadolint.yaml", &added)]),
            [(".hadolint.yaml".into(), Some(4))]
        );
        assert_eq!(
            found(&[]),
            [(".hadolint.yaml".into(), Some(1))],
            "it is not there"
        );
        let more = [
            (".hadolint.yaml", right.as_str()),
            (".checkov.yaml", "skip-check: [A]\n"),
        ];
        assert_eq!(
            found(&more),
            [(".checkov.yaml".into(), Some(1))],
            "it should not be there"
        );
        let deny = [
            (".hadolint.yaml", right.as_str()),
            ("deny.toml", "[advisories]\nignore = [\"A\"]\n"),
        ];
        let found = found(&deny);
        assert!(found.contains(&("deny.toml".into(), Some(2))), "{found:?}");
        assert!(
            found.contains(&("deny.toml".into(), None)),
            "what must be said: {found:?}"
        );
    }
}

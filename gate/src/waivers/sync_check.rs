//! Lists of tools that are not what the ledger says, and a `deny.toml` that is weaker than it was; mends none.

use chrono::NaiveDate;

use crate::gates::deny::settings;
use crate::waivers::deny_toml;
use crate::waivers::ignore_files::LISTS;
use crate::waivers::ledger::Ledger;
use crate::waivers::violation::{Fault, LIST};

/// Compares with the ledger of this day; `read` answers a file's text.
pub fn of(ledger: &Ledger, today: NaiveDate, read: impl Fn(&str) -> Option<String>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for list in LISTS {
        let wanted = list.of(ledger, today).unwrap_or_default();
        let found = read(list.path).unwrap_or_default();
        if let Some(line) = first_difference(&found, &wanted) {
            faults.push(differs(list.path, line));
        }
    }
    match read(deny_toml::PATH) {
        Some(text) => faults.extend(in_deny(ledger, today, &text)),
        // Whether there must be one is the gate's question, but what the ledger says needs a place.
        None => faults.extend(
            deny_toml::with("", ledger, today)
                .err()
                .map(|why| fault(deny_toml::PATH, None, why)),
        ),
    }
    faults
}

fn in_deny(ledger: &Ledger, today: NaiveDate, text: &str) -> Vec<Fault> {
    let mut faults = match deny_toml::with(text, ledger, today) {
        Ok(wanted) => first_difference(text, &wanted)
            .map(|line| differs(deny_toml::PATH, line))
            .into_iter()
            .collect(),
        Err(why) => vec![fault(deny_toml::PATH, None, why)],
    };
    let by_hand = deny_toml::by_hand(text).map(|lines| {
        let what = "an exception that security/waivers.toml does not have";
        let told = lines.into_iter().map(|line| (Some(line), what.to_owned()));
        told.collect::<Vec<_>>()
    });
    match by_hand.and_then(|found| Ok([found, settings::faults(text)?].concat())) {
        Ok(found) => faults.extend(
            found
                .into_iter()
                .map(|(line, what)| fault(deny_toml::PATH, line, what)),
        ),
        Err(why) => faults.push(fault(deny_toml::PATH, None, why)),
    }
    faults
}

fn differs(path: &str, line: u64) -> Fault {
    let what = "is not what security/waivers.toml says: run `cargo xtask waivers sync`";
    fault(path, Some(line), what.to_owned())
}

fn fault(path: &str, line: Option<u64>, what: String) -> Fault {
    Fault {
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
        let faults = of(&parse::ledger(LEDGER), today(), read);
        faults.into_iter().map(|fault| (fault.path, fault.line)).collect()
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

//! Finds ignore lists of tools that differ from the ledger, and a `deny.toml` with other exceptions or weaker settings.

use chrono::NaiveDate;

use crate::gates::deny::settings;
use crate::waivers::deny_toml;
use crate::waivers::ignore_files::LISTS;
use crate::waivers::ledger::Ledger;
use crate::waivers::violation::{LIST, Violation};

/// Compares with the ledger of this day; `read` returns a file's text.
pub fn violations(
    ledger: &Ledger,
    today: NaiveDate,
    read: impl Fn(&str) -> Option<String>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for list in LISTS {
        let wanted = list.of(ledger, today).unwrap_or_default();
        violations.extend(difference(
            list.path,
            &read(list.path).unwrap_or_default(),
            &wanted,
        ));
    }
    match read(deny_toml::PATH) {
        Some(text) => violations.extend(in_deny_toml(ledger, today, &text)),
        // The gate `deny` requires the file; here it is missing only if an entry has to be written to it.
        None => violations.extend(
            deny_toml::with("", ledger, today)
                .err()
                .map(|why| in_file(None, why)),
        ),
    }
    violations
}

fn in_deny_toml(ledger: &Ledger, today: NaiveDate, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    match deny_toml::with(text, ledger, today) {
        Ok(wanted) => violations.extend(difference(deny_toml::PATH, text, &wanted)),
        Err(why) => violations.push(in_file(None, why)),
    }
    match deny_toml::by_hand(text).and_then(|lines| Ok((lines, settings::violations(text)?))) {
        Ok((lines, settings)) => {
            let what = "an exception that security/waivers.toml does not contain";
            violations.extend(lines.into_iter().map(|line| in_file(Some(line), what.to_owned())));
            violations.extend(settings.into_iter().map(|(line, what)| in_file(line, what)));
        }
        Err(why) => violations.push(in_file(None, why)),
    }
    violations
}

fn in_file(line: Option<u64>, what: String) -> Violation {
    Violation::new(LIST, deny_toml::PATH, line, what)
}

/// The first line, from 1, that differs.
fn difference(path: &str, found: &str, wanted: &str) -> Option<Violation> {
    let lines = found.lines().zip(wanted.lines());
    let line = lines.take_while(|(a, b)| a == b).count() as u64 + 1;
    let what = "differs from security/waivers.toml: run `cargo xtask waivers sync`";
    (found != wanted).then(|| Violation::new(LIST, path, Some(line), what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::sample_entry;

    fn found(files: &[(&str, &str)]) -> Vec<(String, Option<u64>)> {
        let read = |path: &str| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        let ledger = Ledger::parse(&sample_entry("hadolint", "DL3007", ""));
        let violations = violations(&ledger, "2026-12-01".parse().unwrap(), read);
        violations
            .into_iter()
            .map(|violation| (violation.path, violation.line))
            .collect()
    }

    #[test]
    fn a_changed_list_is_reported_by_file_and_line() {
        let ledger = Ledger::parse(&sample_entry("hadolint", "DL3007", ""));
        let list = LISTS.iter().find(|list| list.tool == "hadolint").unwrap();
        let right = list.of(&ledger, "2026-12-01".parse().unwrap()).unwrap();
        let hadolint = |line| (".hadolint.yaml".to_owned(), Some(line));
        assert_eq!(found(&[(".hadolint.yaml", &right)]), []);
        let added = format!("{right}  - DL3008\n");
        assert_eq!(found(&[(".hadolint.yaml", &added)]), [hadolint(4)]);
        assert_eq!(found(&[]), [hadolint(1)], "a missing list");
        let more = [
            (".hadolint.yaml", right.as_str()),
            (".checkov.yaml", "skip-check: [A]\n"),
        ];
        assert_eq!(
            found(&more),
            [(".checkov.yaml".into(), Some(1))],
            "an unexpected list"
        );
        let deny = [
            (".hadolint.yaml", right.as_str()),
            ("deny.toml", "[advisories]\nignore = [\"A\"]\n"),
        ];
        let found = found(&deny);
        assert!(found.contains(&("deny.toml".into(), Some(2))), "{found:?}");
        assert!(
            found.contains(&("deny.toml".into(), None)),
            "a required setting: {found:?}"
        );
    }
}

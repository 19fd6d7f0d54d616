//! `deny.toml` beside its exceptions: only settings that are known here, none weaker than those that were decided upon.
//! The gate `deny` runs with this file, so that whatever it leaves out of sight nobody sees. Reads no file.

use std::collections::BTreeMap;

use toml::{Spanned, Value};

/// What a setting may say.
enum May {
    /// One of these, and it has to be output, for what the tool takes without it is weaker.
    Must(&'static [&'static str]),
    /// One of these, or nothing.
    Say(&'static [&'static str]),
    /// Nothing but these, in a list.
    Hold(&'static [&'static str]),
    /// Whatever the ledger says.
    Ledger,
}

const YES: &str = "true";
const NO: &str = "false";

/// Fewer are stricter. What each is for stands in the file itself.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "PostgreSQL",
    "0BSD",
    "BlueOak-1.0.0",
    "CDLA-Permissive-2.0",
];

const SETTINGS: &[(&str, &str, May)] = &[
    ("graph", "all-features", May::Must(&[YES])),
    ("advisories", "yanked", May::Must(&["deny"])),
    ("advisories", "unmaintained", May::Say(&["all"])),
    ("advisories", "unsound", May::Say(&["all", "workspace"])),
    ("advisories", "ignore", May::Ledger),
    ("licenses", "allow", May::Hold(LICENCES)),
    ("bans", "multiple-versions", May::Say(&["allow", "warn", "deny"])),
    ("bans", "wildcards", May::Must(&["deny"])),
    ("bans", "allow-wildcard-paths", May::Say(&[YES, NO])),
    ("sources", "unknown-registry", May::Must(&["deny"])),
    ("sources", "unknown-git", May::Must(&["deny"])),
];

type Sections = BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, Value>>;

/// What is unknown or weaker: the line, where it stands on one, and what is wrong.
pub fn violations(text: &str) -> Result<Vec<(Option<u64>, String)>, String> {
    let sections: Sections = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let line = |start: usize| text.get(..start).unwrap_or_default().matches('\n').count() as u64 + 1;
    let mut violations = Vec::new();
    for (section, settings) in &sections {
        if !SETTINGS.iter().any(|(name, ..)| name == section.get_ref()) {
            let what = format!(
                "there is no section {} among those that are known here",
                section.get_ref()
            );
            violations.push((Some(line(section.span().start)), what));
            continue;
        }
        for (key, value) in settings {
            if let Some(what) = violation(section.get_ref(), key.get_ref(), value) {
                violations.push((Some(line(key.span().start)), what));
            }
        }
    }
    for (section, key, may) in SETTINGS {
        let has = sections
            .get(*section)
            .is_some_and(|settings| settings.contains_key(*key));
        if let (May::Must(values), false) = (may, has) {
            violations.push((
                None,
                format!("{section}.{key} is missing, expected {}", values.join(" or ")),
            ));
        }
    }
    Ok(violations)
}

fn violation(section: &str, key: &str, value: &Value) -> Option<String> {
    let known = |(of, name, _): &&(&str, &str, May)| *of == section && *name == key;
    let Some((.., may)) = SETTINGS.iter().find(known) else {
        return Some(format!(
            "{section}.{key} is no setting that is known here: it may hide what the gate looks for"
        ));
    };
    match may {
        May::Ledger => None,
        May::Must(values) | May::Say(values) => {
            let output = tool_output(value);
            (!output.as_deref().is_some_and(|output| values.contains(&output)))
                .then(|| format!("{section}.{key} is {value}, expected {}", values.join(" or ")))
        }
        May::Hold(values) => {
            let Value::Array(items) = value else {
                return Some(format!("{section}.{key} is no list"));
            };
            let more = items
                .iter()
                .find(|item| !item.as_str().is_some_and(|item| values.contains(&item)))?;
            Some(format!("{section}.{key} has {more}, which was not decided upon"))
        }
    }
}

fn tool_output(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: &str = "[graph]\nall-features = true\n[advisories]\nyanked = \"deny\"\n[licenses]\nallow = [\"MIT\"]\n\
                          [bans]\nwildcards = \"deny\"\n[sources]\nunknown-registry = \"deny\"\nunknown-git = \"deny\"\n";

    #[test]
    fn our_own_and_stricter_settings_are_in_order() {
        assert_eq!(violations(STRICT), Ok(vec![]));
        assert_eq!(violations(include_str!("../../../../deny.toml")), Ok(vec![]));
        let stricter = STRICT.replace("[bans]\n", "[bans]\nmultiple-versions = \"deny\"\n");
        assert_eq!(violations(&stricter), Ok(vec![]));
    }

    #[test]
    fn what_is_weaker_unknown_or_left_out_is_found_by_its_line() {
        for (from, to, line) in [
            ("yanked = \"deny\"", "yanked = \"allow\"", Some(4)),
            (
                "yanked = \"deny\"",
                "yanked = \"deny\"\nunmaintained = \"none\"",
                Some(5),
            ),
            (
                "yanked = \"deny\"",
                "yanked = \"deny\"\nunsound = \"none\"",
                Some(5),
            ),
            (
                "all-features = true",
                "all-features = true\nexclude = [\"time\"]",
                Some(3),
            ),
            ("all-features = true", "all-features = false", Some(2)),
            ("unknown-git = \"deny\"", "unknown-git = \"allow\"", Some(11)),
            (
                "unknown-git = \"deny\"",
                "unknown-git = \"deny\"\nallow-git = [\"https://x\"]",
                Some(12),
            ),
            ("[\"MIT\"]", "[\"MIT\", \"AGPL-3.0\"]", Some(6)),
            ("[\"MIT\"]", "[\"MIT\"]\nclarify = [{ crate = \"a\" }]", Some(7)),
            ("[\"MIT\"]", "[\"MIT\"]\nprivate.ignore = true", Some(7)),
            ("[bans]\n", "[bans]\nskip = [{ crate = \"a\" }]\n", Some(8)),
            ("[graph]", "[output]\nfeature-depth = 1\n[graph]", Some(1)),
            ("yanked = \"deny\"\n", "", None),
            ("wildcards = \"deny\"\n", "", None),
        ] {
            let found = violations(&STRICT.replace(from, to)).unwrap();
            assert!(found.len() == 1 && found[0].0 == line, "{to}: {found:?}");
        }
        assert!(violations("[").is_err() && violations("exclude = []").is_err());
    }
}

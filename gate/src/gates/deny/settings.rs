//! Checks `deny.toml` itself: every setting must be known here and no weaker than decided. cargo-deny runs with this file, so
//! it could hide a finding.

use std::collections::BTreeMap;

use toml::{Spanned, Value};

/// The accepted values of a setting.
enum Accepts {
    /// Required, because cargo-deny's default is weaker.
    Required(&'static [&'static str]),
    Optional(&'static [&'static str]),
    /// A list of these values only.
    List(&'static [&'static str]),
    /// What the ledger writes.
    Ledger,
}

const YES: &str = "true";
const NO: &str = "false";

/// The reason for each is in `deny.toml`. Fewer are stricter.
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

const SETTINGS: &[(&str, &str, Accepts)] = &[
    ("graph", "all-features", Accepts::Required(&[YES])),
    ("advisories", "yanked", Accepts::Required(&["deny"])),
    ("advisories", "unmaintained", Accepts::Optional(&["all"])),
    ("advisories", "unsound", Accepts::Optional(&["all", "workspace"])),
    ("advisories", "ignore", Accepts::Ledger),
    ("licenses", "allow", Accepts::List(LICENCES)),
    (
        "bans",
        "multiple-versions",
        Accepts::Optional(&["allow", "warn", "deny"]),
    ),
    ("bans", "wildcards", Accepts::Required(&["deny"])),
    ("bans", "allow-wildcard-paths", Accepts::Optional(&[YES, NO])),
    ("sources", "unknown-registry", Accepts::Required(&["deny"])),
    ("sources", "unknown-git", Accepts::Required(&["deny"])),
];

type Sections = BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, Value>>;

/// Unknown, weaker and missing settings, each with its line unless it is missing.
pub fn violations(text: &str) -> Result<Vec<(Option<u64>, String)>, String> {
    let sections: Sections = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let line = |key: &Spanned<String>| {
        let before = text.get(..key.span().start).unwrap_or_default();
        Some(before.matches('\n').count() as u64 + 1)
    };
    let mut violations = Vec::new();
    for (section, settings) in &sections {
        if !SETTINGS.iter().any(|(name, ..)| name == section.get_ref()) {
            violations.push((
                line(section),
                format!("the section {} is unknown", section.get_ref()),
            ));
            continue;
        }
        for (key, value) in settings {
            let violation = violation(section.get_ref(), key.get_ref(), value);
            violations.extend(violation.map(|what| (line(key), what)));
        }
    }
    for (section, key, accepts) in SETTINGS {
        let settings = sections.get(*section);
        let has = settings.is_some_and(|settings| settings.contains_key(*key));
        if let (Accepts::Required(values), false) = (accepts, has) {
            let what = format!("{section}.{key} is missing, expected {}", values.join(" or "));
            violations.push((None, what));
        }
    }
    Ok(violations)
}

fn violation(section: &str, key: &str, value: &Value) -> Option<String> {
    let known = |(of, name, _): &&(&str, &str, Accepts)| *of == section && *name == key;
    let Some((.., accepts)) = SETTINGS.iter().find(known) else {
        return Some(format!("{section}.{key} is unknown: it may hide findings"));
    };
    match accepts {
        Accepts::Ledger => None,
        Accepts::Required(values) | Accepts::Optional(values) => {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Boolean(yes) => yes.to_string(),
                _ => String::new(),
            };
            (!values.contains(&text.as_str()))
                .then(|| format!("{section}.{key} is {value}, expected {}", values.join(" or ")))
        }
        Accepts::List(values) => {
            let Value::Array(items) = value else {
                return Some(format!("{section}.{key} is no list"));
            };
            let is_accepted = |item: &&Value| item.as_str().is_some_and(|item| values.contains(&item));
            let other = items.iter().find(|item| !is_accepted(item))?;
            Some(format!("{section}.{key} has {other}, which was not decided upon"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: &str = "[graph]\nall-features = true\n[advisories]\nyanked = \"deny\"\n[licenses]\nallow = [\"MIT\"]\n\
                          [bans]\nwildcards = \"deny\"\n[sources]\nunknown-registry = \"deny\"\nunknown-git = \"deny\"\n";

    #[test]
    fn our_own_and_stricter_settings_are_accepted() {
        assert_eq!(violations(STRICT), Ok(vec![]));
        assert_eq!(violations(include_str!("../../../../deny.toml")), Ok(vec![]));
        let stricter = STRICT.replace("[bans]\n", "[bans]\nmultiple-versions = \"deny\"\n");
        assert_eq!(violations(&stricter), Ok(vec![]));
    }

    #[test]
    fn weaker_unknown_and_missing_settings_are_found_with_their_line() {
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

//! The tools' own ignore lists, generated from the ledger for manual runs of a tool. A list is never wider than the ledger:
//! an entry that a tool's format cannot express as narrowly is omitted.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::waivers::entry::Waiver;
use crate::waivers::ledger::Ledger;

/// The first line of each list.
const HEADER: &str =
    "# Written by `cargo xtask waivers sync` from security/waivers.toml; changes belong there.";

/// The list of one tool.
pub struct List {
    pub tool: &'static str,
    /// Where the tool reads it.
    pub path: &'static str,
    /// Formats the entries.
    text: fn(&[&Waiver]) -> String,
    /// Whether the format can express this entry.
    can_express: fn(&Waiver) -> bool,
}

/// All lists that are separate files; cargo-deny's is a section of `deny.toml`.
pub const LISTS: &[List] = &[
    list("cargo-audit", ".cargo/audit.toml", audit, is_advisory),
    list("trivy", ".trivyignore.yaml", trivy, |_| true),
    list("hadolint", ".hadolint.yaml", hadolint, is_everywhere),
    list("checkov", ".checkov.yaml", checkov, is_everywhere),
    list("zizmor", "zizmor.yml", zizmor, |waiver| {
        waiver.package.is_none() && waiver.path.as_ref().is_none_or(|path| !path.ends_with('/'))
    }),
];

const fn list(
    tool: &'static str,
    path: &'static str,
    text: fn(&[&Waiver]) -> String,
    can_express: fn(&Waiver) -> bool,
) -> List {
    List {
        tool,
        path,
        text,
        can_express,
    }
}

impl List {
    /// The text as of this day; `None`: the file must not exist.
    pub fn of(&self, ledger: &Ledger, today: NaiveDate) -> Option<String> {
        let contains = |waiver: &&Waiver| (self.can_express)(waiver) && waiver.is_valid_on(today);
        let entries: Vec<&Waiver> = ledger.of(self.tool).filter(contains).collect();
        (!entries.is_empty()).then(|| format!("{HEADER}\n{}", (self.text)(&entries)))
    }
}

/// The entries that a list omits, one line each.
pub fn omitted(ledger: &Ledger) -> Vec<String> {
    let lists = LISTS.iter().map(|list| (list.tool, list.path, list.can_express));
    let deny: (_, _, fn(&Waiver) -> bool) = ("cargo-deny", "deny.toml", is_advisory);
    let lines = lists.chain([deny]).flat_map(|(tool, path, can_express)| {
        let omitted = ledger.of(tool).filter(move |waiver| !can_express(waiver));
        omitted.map(move |waiver| {
            let id = &waiver.id;
            format!("{id}: {path} cannot express it as narrowly, so a manual run of {tool} still reports it")
        })
    });
    lines.collect()
}

/// Whether it is an advisory without a path. Lists of advisories need no package: an advisory is about one.
pub fn is_advisory(waiver: &Waiver) -> bool {
    waiver.rule.starts_with("RUSTSEC-") && waiver.path.is_none()
}

fn is_everywhere(waiver: &Waiver) -> bool {
    waiver.path.is_none() && waiver.package.is_none()
}

/// A string for TOML and YAML: both accept JSON's syntax.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The entry's id and reason, on one line.
pub fn reason(waiver: &Waiver) -> String {
    let words: Vec<&str> = waiver.reason.split_whitespace().collect();
    format!("{}: {}", waiver.id, words.join(" "))
}

/// The entry and its last day, as a comment.
fn comment(waiver: &Waiver) -> String {
    format!("# {}, until {}", waiver.id, waiver.expires)
}

fn audit(entries: &[&Waiver]) -> String {
    let line = |waiver: &&Waiver| format!("  {}, {}\n", quoted(&waiver.rule), comment(waiver));
    let lines: String = entries.iter().map(line).collect();
    format!("[advisories]\nignore = [\n{lines}]\n")
}

fn hadolint(entries: &[&Waiver]) -> String {
    format!("ignored:\n{}", items(entries))
}

fn checkov(entries: &[&Waiver]) -> String {
    format!("skip-check:\n{}", items(entries))
}

fn items(entries: &[&Waiver]) -> String {
    let line = |waiver: &&Waiver| format!("  - {} {}\n", quoted(&waiver.rule), comment(waiver));
    entries.iter().map(line).collect()
}

fn trivy(entries: &[&Waiver]) -> String {
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    for waiver in entries {
        let text = sections.entry(trivy_section(&waiver.rule)).or_default();
        *text += &format!("  - id: {}\n", quoted(&waiver.rule));
        if let Some(path) = &waiver.path {
            let below = if path.ends_with('/') { "**" } else { "" };
            *text += &format!("    paths: [{}]\n", quoted(&format!("{path}{below}")));
        }
        if let Some(package) = &waiver.package {
            *text += &format!("    purls: [{}]\n", quoted(package.trim_end_matches('@')));
        }
        let reason = quoted(&reason(waiver));
        *text += &format!("    expired_at: {}\n    statement: {reason}\n", waiver.expires);
    }
    let text = |(section, text)| format!("{section}:\n{text}");
    sections.iter().map(text).collect()
}

/// The section of trivy's list. Its rules for secrets are lower case, its checks have numbers: `DS-0002`, `AZU-0015`.
fn trivy_section(rule: &str) -> &'static str {
    let advisory = ["CVE-", "GHSA-", "RUSTSEC-"];
    if advisory.iter().any(|start| rule.starts_with(start)) {
        "vulnerabilities"
    } else if rule.bytes().any(|byte| byte.is_ascii_uppercase()) {
        "misconfigurations"
    } else {
        "secrets"
    }
}

/// Whether it is about a secret: gitleaks finds nothing else, trivy has other rules too.
pub fn is_secret(waiver: &Waiver) -> bool {
    let is =
        |tool: &String| tool == "gitleaks" || (tool == "trivy" && trivy_section(&waiver.rule) == "secrets");
    waiver.tools.iter().any(is)
}

/// The list names files without their folders; a rule without a file is disabled.
fn zizmor(entries: &[&Waiver]) -> String {
    let mut rules: BTreeMap<&str, Vec<&Waiver>> = BTreeMap::new();
    for waiver in entries {
        rules.entry(&waiver.rule).or_default().push(waiver);
    }
    let mut text = "rules:\n".to_owned();
    for (rule, entries) in rules {
        text += &format!("  {}:\n", quoted(rule));
        if entries.iter().any(|waiver| waiver.path.is_none()) {
            text += "    disable: true\n";
            continue;
        }
        text += "    ignore:\n";
        for waiver in entries {
            let path = waiver.path.as_deref().unwrap_or_default();
            let name = path.rsplit('/').next().unwrap_or(path);
            text += &format!("      - {} {}\n", quoted(name), comment(waiver));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::sample_entry;

    fn today() -> NaiveDate {
        "2026-12-01".parse().unwrap()
    }

    fn ledger(entries: &[(&str, &str, &str)]) -> Ledger {
        let entry = |(number, (tool, rule, more)): (usize, &(&str, &str, &str))| {
            sample_entry(tool, rule, more)
                .replace("W-1", &format!("W-{number}"))
                .replace("\"r\"", "\"say \\\"why\\\"\"")
        };
        let ledger = Ledger::parse(&(1..).zip(entries).map(entry).collect::<String>());
        assert_eq!(ledger.malformed, []);
        ledger
    }

    fn list(tool: &str, ledger: &Ledger) -> Option<String> {
        let list = LISTS.iter().find(|list| list.tool == tool).unwrap();
        let text = list.of(ledger, today());
        text.map(|text| text.strip_prefix(HEADER).unwrap().trim_start().to_owned())
    }

    #[test]
    fn each_tool_gets_its_own_format_and_an_empty_list_is_no_file() {
        let ledger = ledger(&[
            (
                "cargo-audit",
                "RUSTSEC-2026-0194",
                "package = \"pkg:cargo/quick-xml@\"",
            ),
            ("trivy", "DS-0002", "path = \"deploy/\""),
            ("trivy", "CVE-2026-1", "package = \"pkg:cargo/quick-xml@\""),
            ("hadolint", "DL3007", ""),
            ("zizmor", "unpinned-uses", "path = \".github/workflows/a.yml\""),
        ]);
        assert_eq!(
            list("cargo-audit", &ledger).unwrap(),
            "[advisories]\nignore = [\n  \"RUSTSEC-2026-0194\", # W-1, until 2026-12-01\n]\n"
        );
        let trivy = "misconfigurations:\n  - id: \"DS-0002\"\n    paths: [\"deploy/**\"]\n    expired_at: 2026-12-01\n    \
                     statement: \"W-2: say \\\"why\\\"\"\nvulnerabilities:\n  - id: \"CVE-2026-1\"\n    \
                     purls: [\"pkg:cargo/quick-xml\"]\n    expired_at: 2026-12-01\n    statement: \"W-3: say \\\"why\\\"\"\n";
        assert_eq!(list("trivy", &ledger).unwrap(), trivy);
        assert_eq!(
            list("hadolint", &ledger).unwrap(),
            "ignored:\n  - \"DL3007\" # W-4, until 2026-12-01\n"
        );
        let zizmor = "rules:\n  \"unpinned-uses\":\n    ignore:\n      - \"a.yml\" # W-5, until 2026-12-01\n";
        assert_eq!(list("zizmor", &ledger).unwrap(), zizmor);
        assert_eq!(list("checkov", &ledger), None);
    }

    #[test]
    fn a_list_is_never_wider_than_the_ledger() {
        let ledger = ledger(&[
            ("hadolint", "DL3007", "path = \"a/Dockerfile\""),
            ("checkov", "CKV_1", "path = \"a/\""),
            ("cargo-deny", "license-not-allowed", ""),
        ]);
        assert!(LISTS.iter().all(|list| list.of(&ledger, today()).is_none()));
        assert_eq!(omitted(&ledger).len(), 3);
        let expired = self::ledger(&[("cargo-audit", "RUSTSEC-2026-0194", "")]);
        let audit = LISTS.iter().find(|list| list.tool == "cargo-audit").unwrap();
        assert!(audit.of(&expired, today()).is_some());
        assert_eq!(audit.of(&expired, "2026-12-02".parse().unwrap()), None);
    }
}

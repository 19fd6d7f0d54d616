//! The tools' own ignore lists, written from the ledger for those who run a tool by hand. A list is never wider than the
//! ledger: what a tool cannot say as narrowly is left out of it. Reads and writes no file.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::waivers::entry::Waiver;
use crate::waivers::ledger::Ledger;

/// The first line of each.
const HEAD: &str =
    "# Written by `cargo xtask waivers sync` from security/waivers.toml; changes belong there.";

/// A list of one tool.
pub struct List {
    /// The tool.
    pub tool: &'static str,
    /// Where it reads the list.
    pub path: &'static str,
    /// The list; empty: there is nothing to say, so there is no file.
    pub text: fn(&[&Waiver]) -> String,
    /// Whether it can say this entry.
    pub can: fn(&Waiver) -> bool,
}

/// Every list that is a file of its own; cargo-deny's is a part of `deny.toml`.
pub const LISTS: &[List] = &[
    List {
        tool: "cargo-audit",
        path: ".cargo/audit.toml",
        text: audit,
        can: is_advisory,
    },
    List {
        tool: "trivy",
        path: ".trivyignore.yaml",
        text: trivy,
        can: |_| true,
    },
    List {
        tool: "hadolint",
        path: ".hadolint.yaml",
        text: hadolint,
        can: is_everywhere,
    },
    List {
        tool: "checkov",
        path: ".checkov.yaml",
        text: checkov,
        can: is_everywhere,
    },
    List {
        tool: "zizmor",
        path: "zizmor.yml",
        text: zizmor,
        can: |waiver| {
            waiver.package.is_none() && waiver.path.as_ref().is_none_or(|path| !path.ends_with('/'))
        },
    },
];

impl List {
    /// What it should say on this day; `None`: it should not be there.
    pub fn of(&self, ledger: &Ledger, today: NaiveDate) -> Option<String> {
        let says = |waiver: &&Waiver| (self.can)(waiver) && waiver.counts_on(today);
        let entries: Vec<&Waiver> = ledger.of(self.tool).filter(says).collect();
        (!entries.is_empty()).then(|| format!("{HEAD}\n{}", (self.text)(&entries)))
    }
}

/// What no list says although the ledger does: one line each.
pub fn left_out(ledger: &Ledger) -> Vec<String> {
    let told = |tool: &str, path: &str, waiver: &Waiver| {
        format!(
            "{}: {path} cannot say it as narrowly, so {tool} by hand still reports it",
            waiver.id
        )
    };
    let mut lines = Vec::new();
    for list in LISTS {
        let cannot = ledger.of(list.tool).filter(|waiver| !(list.can)(waiver));
        lines.extend(cannot.map(|waiver| told(list.tool, list.path, waiver)));
    }
    let cannot = ledger.of("cargo-deny").filter(|waiver| !is_advisory(waiver));
    lines.extend(cannot.map(|waiver| told("cargo-deny", "deny.toml", waiver)));
    lines
}

/// Lists of advisories know no package: an advisory is about one.
pub fn is_advisory(waiver: &Waiver) -> bool {
    waiver.rule.starts_with("RUSTSEC-") && waiver.path.is_none()
}

fn is_everywhere(waiver: &Waiver) -> bool {
    waiver.path.is_none() && waiver.package.is_none()
}

/// Text for TOML and YAML: both read JSON's form of it.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The id of the entry and its reason, on one line.
pub fn reason(waiver: &Waiver) -> String {
    let words: Vec<&str> = waiver.reason.split_whitespace().collect();
    format!("{}: {}", waiver.id, words.join(" "))
}

fn audit(entries: &[&Waiver]) -> String {
    let lines = entries.iter().map(|waiver| {
        format!(
            "  {}, # {}, until {}\n",
            quoted(&waiver.rule),
            waiver.id,
            waiver.expires
        )
    });
    format!("[advisories]\nignore = [\n{}]\n", lines.collect::<String>())
}

fn hadolint(entries: &[&Waiver]) -> String {
    format!("ignored:\n{}", items(entries))
}

fn checkov(entries: &[&Waiver]) -> String {
    format!("skip-check:\n{}", items(entries))
}

fn items(entries: &[&Waiver]) -> String {
    let line = |waiver: &&Waiver| {
        format!(
            "  - {} # {}, until {}\n",
            quoted(&waiver.rule),
            waiver.id,
            waiver.expires
        )
    };
    entries.iter().map(line).collect()
}

fn trivy(entries: &[&Waiver]) -> String {
    let mut kinds: BTreeMap<&str, String> = BTreeMap::new();
    for waiver in entries {
        let text = kinds.entry(kind(&waiver.rule)).or_default();
        *text += &format!("  - id: {}\n", quoted(&waiver.rule));
        if let Some(path) = &waiver.path {
            let glob = match path.ends_with('/') {
                true => format!("{path}**"),
                false => path.clone(),
            };
            *text += &format!("    paths: [{}]\n", quoted(&glob));
        }
        if let Some(package) = &waiver.package {
            *text += &format!("    purls: [{}]\n", quoted(package.trim_end_matches('@')));
        }
        *text += &format!(
            "    expired_at: {}\n    statement: {}\n",
            waiver.expires,
            quoted(&reason(waiver))
        );
    }
    kinds
        .iter()
        .map(|(kind, text)| format!("{kind}:\n{text}"))
        .collect()
}

/// The section of trivy's list. Its secrets' rules are lower case, its checks have numbers: `DS-0002`, `AZU-0015`.
fn kind(rule: &str) -> &'static str {
    let advisory = ["CVE-", "GHSA-", "RUSTSEC-"];
    if advisory.iter().any(|start| rule.starts_with(start)) {
        "vulnerabilities"
    } else if rule.bytes().any(|byte| byte.is_ascii_uppercase()) {
        "misconfigurations"
    } else {
        "secrets"
    }
}

/// Whether it is about secrets, by its tools: one of them finds nothing else, the other's rules tell.
pub fn is_secret(waiver: &Waiver) -> bool {
    let is = |tool: &String| tool == "gitleaks" || (tool == "trivy" && kind(&waiver.rule) == "secrets");
    waiver.tools.iter().any(is)
}

/// It names files without their folders; a rule without a file is off.
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
            text += &format!(
                "      - {} # {}, until {}\n",
                quoted(name),
                waiver.id,
                waiver.expires
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::parse;

    fn today() -> NaiveDate {
        "2026-12-01".parse().unwrap()
    }

    fn ledger(entries: &[(&str, &str, &str)]) -> Ledger {
        let entry = |(place, (tool, rule, more)): (usize, &(&str, &str, &str))| {
            format!(
                "[[waiver]]\nid = \"W-{}\"\ntools = [\"{tool}\"]\nrule = \"{rule}\"\n{more}\nreason = \"say \\\"why\\\"\"\n\
                 owner = \"@team\"\ncreated = \"2026-11-01\"\nexpires = \"2026-12-01\"\nlink = \"#1\"\n",
                place + 1
            )
        };
        let ledger = parse::ledger(&entries.iter().enumerate().map(entry).collect::<String>());
        assert_eq!(ledger.malformed, []);
        ledger
    }

    fn list(tool: &str, ledger: &Ledger) -> Option<String> {
        let text = LISTS
            .iter()
            .find(|list| list.tool == tool)
            .unwrap()
            .of(ledger, today());
        text.map(|text| text.strip_prefix(HEAD).unwrap().trim_start().to_owned())
    }

    #[test]
    fn each_tool_gets_its_own_form_and_an_empty_list_is_no_file() {
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
        assert_eq!(left_out(&ledger).len(), 3);
        let expired = self::ledger(&[("cargo-audit", "RUSTSEC-2026-0194", "")]);
        let audit = LISTS.iter().find(|list| list.tool == "cargo-audit").unwrap();
        assert!(audit.of(&expired, today()).is_some());
        assert_eq!(audit.of(&expired, "2026-12-02".parse().unwrap()), None);
    }
}

//! One finding, and one rule, in the words of SARIF; never an absolute path.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::config::Config;
use crate::finding::{Finding, Severity};
use crate::waivers::Waiver;

/// GitHub takes so many tags for a rule.
const MOST_TAGS: usize = 20;
/// GitHub shows no result without a file of the repository: what has none is shown at these.
const CRATES: &str = "Cargo.lock";
const ELSEWHERE: &str = "README.md";

/// A result, still without its fingerprints.
pub fn result(finding: &Finding, rule: usize, waiver: Option<&Waiver>, config: &Config) -> Value {
    let (uri, line, said) = place(finding, config.openapi.as_deref());
    let message = match &said {
        Some(place) => format!("{} ({place})", finding.message),
        None => finding.message.clone(),
    };
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri, "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": line },
        },
    });
    if let Some(place) = &said {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": place, "kind": "resource" }]);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": { "text": message },
        "locations": [location],
    });
    if let Some(package) = &finding.package {
        result["properties"] = json!({ "package": package });
    }
    // A waiver that the ledger does not have any more is no suppression.
    if let Some(waiver) = waiver {
        let why = format!(
            "{}: {} ({}, until {})",
            waiver.id, waiver.reason, waiver.owner, waiver.expires
        );
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": why }]);
    }
    result
}

/// A rule, of all findings of one tool that name it.
pub fn rule(id: &str, findings: &[&Finding]) -> Value {
    let aliases: BTreeSet<&str> = findings
        .iter()
        .flat_map(|finding| finding.aliases.iter().map(String::as_str))
        .collect();
    let worst = findings.iter().map(|finding| finding.severity).max();
    let worst = worst.unwrap_or(Severity::Medium);
    // GitHub calls an alert one of security by this tag: a file that is not formatted is none.
    let weakness = |name: &&str| {
        ["RUSTSEC-", "CVE-", "GHSA-", "CWE-"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let is_security = worst >= Severity::High || aliases.iter().chain([&id]).any(weakness);
    let cwe = |name: &str| match name.strip_prefix("CWE-") {
        Some(number) => format!("external/cwe/cwe-{number:0>3}"),
        None => name.to_owned(),
    };
    let security = is_security.then(|| "security".to_owned()).into_iter();
    let tags: Vec<String> = security
        .chain(aliases.iter().map(|name| cwe(name)))
        .take(MOST_TAGS)
        .collect();
    let text = findings.first().map_or(id, |finding| &finding.message);
    let text = if text.is_empty() { id } else { text };
    let names: Vec<&str> = aliases.iter().copied().collect();
    let help = match names.as_slice() {
        [] => format!("{id}: see the tool's own documentation."),
        names => format!(
            "{id}, also known as {}: see the tool's own documentation.",
            names.join(", ")
        ),
    };
    let mut properties = json!({ "tags": tags });
    if is_security {
        properties["security-severity"] = score(worst).into();
    }
    json!({
        "id": id,
        "shortDescription": { "text": text },
        "fullDescription": { "text": text },
        "help": { "text": help },
        "defaultConfiguration": { "level": level(worst) },
        "properties": properties,
    })
}

/// A file of the repository, a line, and what must be said because that is not the place itself.
fn place(finding: &Finding, openapi: Option<&str>) -> (String, u64, Option<String>) {
    let Some(location) = &finding.location else {
        let file = if finding.package.is_some() {
            CRATES
        } else {
            ELSEWHERE
        };
        return (file.to_owned(), 1, None);
    };
    let path = location.path.trim_start_matches("./");
    let line = location.line.unwrap_or(1).max(1);
    let elsewhere = |file: &str| (file.to_owned(), 1, Some(path.to_owned()));
    match path {
        "" | "." => (ELSEWHERE.to_owned(), 1, None),
        url if url.contains("://") => elsewhere(openapi.unwrap_or(ELSEWHERE)),
        outside if outside.starts_with(['/', '~', '(']) || outside.split('/').any(|part| part == "..") => {
            elsewhere(ELSEWHERE)
        }
        path => (encoded(path), line, None),
    }
}

/// RFC 3986: a path as a relative reference; a colon in its first part would read as a scheme.
fn encoded(path: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b'@' | b'+' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(byte).collect()
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// In GitHub's bands.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_always_a_file_of_the_repository() {
        let at = |path: &str| place(&Finding::new("t", "R", "m").at(path, Some(7)), Some("api.json"));
        assert_eq!(at("./a b/ä:c.rs"), ("a%20b/%C3%A4%3Ac.rs".into(), 7, None));
        let url = "http://127.0.0.1:3000/rates?x=1";
        assert_eq!(at(url), ("api.json".into(), 1, Some(url.into())));
        for outside in ["/usr/include/x.h", "~/.cargo/x", "../x", "a/../../x", "(cache)/y"] {
            assert_eq!(at(outside), (ELSEWHERE.into(), 1, Some(outside.into())));
        }
        let mut crates = Finding::new("t", "R", "m");
        crates.package = Some("pkg:cargo/x@1".into());
        assert_eq!(place(&crates, None).0, CRATES);
        assert_eq!(place(&Finding::new("t", "R", "m").at("a", Some(0)), None).1, 1);
    }

    #[test]
    fn a_rule_is_one_of_security_when_it_names_a_weakness_or_is_bad() {
        let of = |finding: Finding| rule("R", &[&finding])["properties"].clone();
        let style = of(Finding::new("t", "R", "m").rated(Severity::Low));
        assert_eq!(style, json!({ "tags": [] }));
        let mut weak = Finding::new("t", "R", "m");
        weak.aliases = vec!["CWE-79".into()];
        let tags = json!(["security", "external/cwe/cwe-079"]);
        assert_eq!(of(weak), json!({ "tags": tags, "security-severity": "5.5" }));
    }
}

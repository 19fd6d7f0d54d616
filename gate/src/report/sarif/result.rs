//! A finding and a rule as SARIF, without absolute paths.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::config::Config;
use crate::finding::{Finding, Severity};
use crate::waivers::Waiver;

/// GitHub's limit of tags for a rule.
const MAX_TAGS: usize = 20;
/// The location of findings in packages: GitHub shows only results at a file of the repository.
const LOCK_FILE: &str = "Cargo.lock";
/// The location of findings without a file.
const DEFAULT_FILE: &str = "README.md";

/// A result without its fingerprints.
pub fn result(finding: &Finding, rule: usize, waiver: Option<&Waiver>, config: &Config) -> Value {
    let (uri, line, real) = location(finding, config.openapi.as_deref());
    let message = match &real {
        Some(place) => format!("{} ({place})", finding.message),
        None => finding.message.clone(),
    };
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri, "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": line },
        },
    });
    if let Some(place) = &real {
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
    // `None` also if the ledger no longer contains the waiver.
    if let Some(waiver) = waiver {
        let why = format!(
            "{}: {} ({}, until {})",
            waiver.id, waiver.reason, waiver.owner, waiver.expires
        );
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": why }]);
    }
    result
}

/// A rule, from all of its findings by one tool.
pub fn rule(id: &str, findings: &[&Finding]) -> Value {
    let aliases = findings.iter().flat_map(|finding| &finding.aliases);
    let aliases: BTreeSet<&str> = aliases.map(String::as_str).collect();
    let worst = findings.iter().map(|finding| finding.severity).max();
    let worst = worst.unwrap_or(Severity::Medium);
    // GitHub treats alerts with this tag as security alerts, which formatting errors are not.
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
        .take(MAX_TAGS)
        .collect();
    let text = findings.first().map_or(id, |finding| &finding.message);
    let text = if text.is_empty() { id } else { text };
    let names: Vec<&str> = aliases.iter().copied().collect();
    let known_as = match names.as_slice() {
        [] => String::new(),
        names => format!(", also known as {}", names.join(", ")),
    };
    let help = format!("{id}{known_as}: see the tool's own documentation.");
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

/// A file of the repository, a line, and the real location if it is another one.
fn location(finding: &Finding, openapi: Option<&str>) -> (String, u64, Option<String>) {
    let Some(location) = &finding.location else {
        let file = finding.package.as_ref().map_or(DEFAULT_FILE, |_| LOCK_FILE);
        return (file.to_owned(), 1, None);
    };
    let path = location.path.trim_start_matches("./");
    let line = location.line.unwrap_or(1).max(1);
    let instead = |file: &str| (file.to_owned(), 1, Some(path.to_owned()));
    match path {
        "" | "." => (DEFAULT_FILE.to_owned(), 1, None),
        url if url.contains("://") || is_operation(url) => instead(openapi.unwrap_or(DEFAULT_FILE)),
        outside if outside.starts_with(['/', '~', '(']) || outside.split('/').any(|part| part == "..") => {
            instead(DEFAULT_FILE)
        }
        path => (encoded(path), line, None),
    }
}

/// `GET /wishes`: the place of a dynamic scan's finding.
fn is_operation(path: &str) -> bool {
    let is_method = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase());
    path.split_once(' ')
        .is_some_and(|(method, target)| is_method(method) && target.starts_with('/'))
}

/// The path as a relative reference (RFC 3986); a colon in its first segment would mean a scheme.
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

/// A score in GitHub's range for the severity.
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
    fn a_location_is_always_a_file_of_the_repository() {
        let at = |path: &str| location(&Finding::new("t", "R", "m").at(path, Some(7)), Some("api.json"));
        assert_eq!(at("./a b/ä:c.rs"), ("a%20b/%C3%A4%3Ac.rs".into(), 7, None));
        for elsewhere in ["http://127.0.0.1:3000/rates?x=1", "GET /wishes/{id}", "DELETE /"] {
            assert_eq!(at(elsewhere), ("api.json".into(), 1, Some(elsewhere.into())));
        }
        for outside in ["/usr/include/x.h", "~/.cargo/x", "../x", "a/../../x", "(cache)/y"] {
            assert_eq!(at(outside), (DEFAULT_FILE.into(), 1, Some(outside.into())));
        }
        let mut crates = Finding::new("t", "R", "m");
        crates.package = Some("pkg:cargo/x@1".into());
        assert_eq!(location(&crates, None).0, LOCK_FILE);
        assert_eq!(location(&Finding::new("t", "R", "m").at("a", Some(0)), None).1, 1);
    }

    #[test]
    fn a_rule_with_a_weakness_or_a_high_severity_is_a_security_rule() {
        let of = |finding: Finding| rule("R", &[&finding])["properties"].clone();
        let style = of(Finding::new("t", "R", "m").rated(Severity::Low));
        assert_eq!(style, json!({ "tags": [] }));
        let mut weak = Finding::new("t", "R", "m");
        weak.aliases = vec!["CWE-79".into()];
        let tags = json!(["security", "external/cwe/cwe-079"]);
        assert_eq!(of(weak), json!({ "tags": tags, "security-severity": "5.5" }));
    }
}

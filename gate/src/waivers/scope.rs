//! How far an entry reaches: never to a class of weaknesses, to packages by half a name, to a place that is not there, or
//! to a secret wherever it may be. Reads no file.

use std::collections::BTreeSet;

use crate::waivers::entry::Waiver;
use crate::waivers::ignore_files::is_secret;

/// Tools whose places are no files of the repository: URLs, operations, files inside of an image.
const ELSEWHERE: &[&str] = &["headers", "schemathesis", "trivy", "wapiti", "zap"];

/// What the history alone has may be in a file that is no longer there.
const HISTORY: &str = "history:";

/// What is too wide about it; `files` are the repository's.
pub fn violations(waiver: &Waiver, files: &BTreeSet<String>) -> Vec<String> {
    let mut violations = Vec::new();
    if waiver.rule.to_ascii_uppercase().starts_with("CWE-") {
        let what = "is a class of weaknesses, not the rule of a tool";
        violations.push(format!("rule {:?} {what}", waiver.rule));
    }
    if let Some(package) = &waiver.package
        && !is_package(package)
    {
        violations.push(format!(
            "package {package:?} is neither `pkg:TYPE/NAME@` nor with a version behind it"
        ));
    }
    let secret = is_secret(waiver);
    match &waiver.path {
        None if secret => {
            violations.push("a secret is accepted in one place only: path is missing".to_owned())
        }
        None => {}
        Some(path) if is_url(path) && !secret => {}
        Some(path) => violations.extend(fault_of_path(waiver, path, secret, files)),
    }
    violations
}

fn fault_of_path(waiver: &Waiver, path: &str, secret: bool, files: &BTreeSet<String>) -> Option<String> {
    let elsewhere = !secret && waiver.tools.iter().all(|tool| ELSEWHERE.contains(&tool.as_str()));
    // An operation may be `/rates`, but nothing is everywhere.
    let below = match elsewhere {
        true => path.strip_prefix('/').unwrap_or(path),
        false => path,
    };
    let names = below.strip_suffix('/').unwrap_or(below);
    if names.split('/').any(|name| ["", ".", ".."].contains(&name)) {
        return Some(format!("path {path:?} is none below the repository's root"));
    }
    let gone = secret && waiver.rule.starts_with(HISTORY);
    if gone || elsewhere {
        return None;
    }
    let is_there = match path.ends_with('/') {
        true => files.iter().any(|file| file.starts_with(path)),
        false => files.contains(path),
    };
    (!is_there).then(|| format!("path {path:?} is not there"))
}

/// A name and its `@` in full, so that `serde@` is not `serde_json@` as well.
fn is_package(package: &str) -> bool {
    let parts = package.strip_prefix("pkg:").and_then(|rest| rest.split_once('/'));
    let Some((kind, (name, _version))) = parts.and_then(|(kind, rest)| Some((kind, rest.split_once('@')?)))
    else {
        return false;
    };
    !kind.is_empty() && name.split('/').all(|part| !part.is_empty()) && !package.contains(char::is_whitespace)
}

fn is_url(path: &str) -> bool {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| path.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waivers::parse;

    fn found(tool: &str, rule: &str, more: &str) -> Vec<String> {
        let text = format!(
            "[[waiver]]\nid = \"W-1\"\ntools = [\"{tool}\"]\nrule = \"{rule}\"\n{more}\nreason = \"r\"\nowner = \"o\"\n\
             created = \"2026-11-01\"\nexpires = \"2026-12-01\"\nlink = \"#1\"\n"
        );
        let ledger = parse::ledger(&text);
        let files = ["a/b.rs".to_owned(), "Cargo.lock".to_owned()].into();
        violations(ledger.waiver.first().unwrap(), &files)
    }

    #[test]
    fn what_reaches_too_far_is_refused() {
        for (tool, rule, more, what) in [
            ("zap", "CWE-400", "", "class"),
            ("zap", "cwe-400", "", "class"),
            ("cargo-deny", "R", "package = \"p\"", "package"),
            ("cargo-deny", "R", "package = \"pkg:cargo/p\"", "package"),
            ("cargo-deny", "R", "package = \"pkg:cargo/@\"", "package"),
            ("cargo-deny", "R", "package = \"pkg:\"", "package"),
            ("gitleaks", "tree:aws-access-token", "", "path is missing"),
            ("trivy", "aws-access-key-id", "", "path is missing"),
            ("gitleaks", "r", "path = \"nosuch/file\"", "not there"),
            ("gitleaks", "r", "path = \"https://example.org\"", "none below"),
            ("hadolint", "DL3007", "path = \"nosuch/\"", "not there"),
            ("hadolint", "DL3007", "path = \"a\"", "not there"),
            ("hadolint", "DL3007", "path = \"/\"", "none below"),
            ("trivy", "DS-0002", "path = \"/\"", "none below"),
            ("trivy", "DS-0002", "path = \"./\"", "none below"),
            ("zap", "10020", "path = \"/\"", "none below"),
            ("hadolint", "DL3007", "path = \"./\"", "none below"),
            ("hadolint", "DL3007", "path = \"../\"", "none below"),
            ("hadolint", "DL3007", "path = \"a/../a/b.rs\"", "none below"),
            ("hadolint", "DL3007", "path = \"https://\"", "none below"),
        ] {
            let found = found(tool, rule, more);
            assert!(
                found.len() == 1 && found[0].contains(what),
                "{tool} {rule} {more}: {found:?}"
            );
        }
    }

    #[test]
    fn what_is_one_finding_in_one_place_is_in_order() {
        for (tool, rule, more) in [
            ("gitleaks", "generic-api-key", "path = \"a/b.rs\""),
            ("gitleaks", "history:generic-api-key", "path = \"gone.rs\""),
            ("hadolint", "DL3007", "path = \"a/\""),
            ("hadolint", "DL3007", ""),
            ("cargo-deny", "R", "package = \"pkg:cargo/p@\""),
            ("trivy", "CVE-1", "package = \"pkg:npm/%40a/b@1.0\""),
            ("trivy", "CVE-1", "path = \"usr/lib/x\""),
            ("zap", "10020", "path = \"https://127.0.0.1/\""),
            ("schemathesis", "r", "path = \"GET /rates\""),
        ] {
            assert_eq!(found(tool, rule, more), [""; 0], "{tool} {rule} {more}");
        }
    }
}

//! The scope of an entry: not a class of weaknesses, not a part of a package's name, not a missing file, and for a secret
//! exactly one place.

use std::collections::BTreeSet;

use crate::waivers::entry::Waiver;
use crate::waivers::ignore_files::is_secret;

/// Tools whose locations are not files of the repository but URLs, operations or files in an image.
const WITHOUT_FILES: &[&str] = &["headers", "schemathesis", "trivy", "wapiti", "zap"];

/// A secret found only in the history may be in a file that no longer exists.
const HISTORY: &str = "history:";

/// What is too wide about an entry; `files` are the repository's.
pub fn violations(waiver: &Waiver, files: &BTreeSet<String>) -> Vec<String> {
    let mut violations = Vec::new();
    if waiver.rule.to_ascii_uppercase().starts_with("CWE-") {
        violations.push(format!(
            "rule {:?} is a class of weaknesses, not the rule of a tool",
            waiver.rule
        ));
    }
    let package = waiver.package.iter().filter(|package| !is_package(package));
    violations.extend(package.map(|package| {
        format!("package {package:?} is neither `pkg:TYPE/NAME@` nor `pkg:TYPE/NAME@VERSION`")
    }));
    let secret = is_secret(waiver);
    match &waiver.path {
        None if secret => violations.push("a secret needs the path of its one location".to_owned()),
        Some(path) if secret || !is_url(path) => {
            violations.extend(path_violation(waiver, path, secret, files));
        }
        _ => {}
    }
    violations
}

fn path_violation(waiver: &Waiver, path: &str, secret: bool, files: &BTreeSet<String>) -> Option<String> {
    let without_files = !secret
        && waiver
            .tools
            .iter()
            .all(|tool| WITHOUT_FILES.contains(&tool.as_str()));
    // An operation may be `/rates`, but `/` alone would mean everything.
    let relative = if without_files {
        path.strip_prefix('/').unwrap_or(path)
    } else {
        path
    };
    let names = relative.strip_suffix('/').unwrap_or(relative);
    if names.split('/').any(|name| ["", ".", ".."].contains(&name)) {
        return Some(format!("path {path:?} is not below the repository's root"));
    }
    if without_files || (secret && waiver.rule.starts_with(HISTORY)) {
        return None;
    }
    let exists = if path.ends_with('/') {
        files.iter().any(|file| file.starts_with(path))
    } else {
        files.contains(path)
    };
    (!exists).then(|| format!("path {path:?} does not exist"))
}

/// The complete name must be followed by `@`: a prefix `pkg:cargo/serde` would cover `serde_json` too.
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
    use crate::waivers::{Ledger, sample_entry};

    fn found(tool: &str, rule: &str, more: &str) -> Vec<String> {
        let ledger = Ledger::parse(&sample_entry(tool, rule, more));
        let files = ["a/b.rs".to_owned(), "Cargo.lock".to_owned()].into();
        violations(ledger.waivers.first().unwrap(), &files)
    }

    #[test]
    fn too_wide_a_scope_is_rejected() {
        for (tool, rule, more, what) in [
            ("zap", "CWE-400", "", "class"),
            ("zap", "cwe-400", "", "class"),
            ("cargo-deny", "R", "package = \"p\"", "package"),
            ("cargo-deny", "R", "package = \"pkg:cargo/p\"", "package"),
            ("cargo-deny", "R", "package = \"pkg:cargo/@\"", "package"),
            ("cargo-deny", "R", "package = \"pkg:\"", "package"),
            ("gitleaks", "tree:aws-access-token", "", "needs the path"),
            ("trivy", "aws-access-key-id", "", "needs the path"),
            ("gitleaks", "r", "path = \"nosuch/file\"", "does not exist"),
            ("gitleaks", "r", "path = \"https://example.org\"", "not below"),
            ("hadolint", "DL3007", "path = \"nosuch/\"", "does not exist"),
            ("hadolint", "DL3007", "path = \"a\"", "does not exist"),
            ("hadolint", "DL3007", "path = \"/\"", "not below"),
            ("trivy", "DS-0002", "path = \"/\"", "not below"),
            ("trivy", "DS-0002", "path = \"./\"", "not below"),
            ("zap", "10020", "path = \"/\"", "not below"),
            ("hadolint", "DL3007", "path = \"./\"", "not below"),
            ("hadolint", "DL3007", "path = \"../\"", "not below"),
            ("hadolint", "DL3007", "path = \"a/../a/b.rs\"", "not below"),
            ("hadolint", "DL3007", "path = \"https://\"", "not below"),
        ] {
            let found = found(tool, rule, more);
            assert!(
                found.len() == 1 && found[0].contains(what),
                "{tool} {rule} {more}: {found:?}"
            );
        }
    }

    #[test]
    fn a_scope_of_one_finding_is_accepted() {
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

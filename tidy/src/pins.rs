//! Rule: every action that a workflow uses is pinned to a commit, with its version as a comment; a tag can be moved
//! (CVE-2025-30066, CVE-2026-33634).

use crate::finding::Findings;
use crate::tree::{Tree, file_name};

/// Checks every `uses:` below `.github/` and in actions of our own.
pub(super) fn check(tree: &Tree, findings: &mut Findings) {
    for (path, number, line) in tree.lines(is_automation) {
        if let Some(what) = used(line).and_then(|(what, comment)| wrong(&what, comment)) {
            findings.add(path, number, what);
        }
    }
}

fn is_automation(path: &str) -> bool {
    let name = file_name(path);
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    is_yaml && (path.starts_with(".github/") || name.starts_with("action."))
}

/// The action that the line uses, and the comment after it, in every form that YAML allows: block, flow, quoted.
fn used(line: &str) -> Option<(String, &str)> {
    let (code, comment) = match line.find(" #").or_else(|| line.starts_with('#').then_some(0)) {
        Some(at) => (&line[..at], line[at..].trim_start_matches([' ', '#'])),
        None => (line, ""),
    };
    let code = code.replace(['"', '\''], "");
    let starts = |at: usize| {
        code[..at]
            .chars()
            .next_back()
            .is_none_or(|before| " {,".contains(before))
    };
    let (at, key) = code.match_indices("uses:").find(|(at, _)| starts(*at))?;
    let value = code[at + key.len()..].split([',', '}']).next()?;
    Some((value.trim().to_owned(), comment))
}

fn wrong(what: &str, comment: &str) -> Option<String> {
    // Of this repository: in the folder that was checked out, or at the running commit.
    if what.starts_with("./") || what.starts_with("$/") {
        return None;
    }
    let pin = what.split_once('@').map_or("", |(_, pin)| pin);
    let (digits, length) = if what.starts_with("docker://") {
        (pin.strip_prefix("sha256:").unwrap_or_default(), 64)
    } else {
        (pin, 40)
    };
    let is_pinned = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_pinned {
        return Some(format!("`{what}` is not pinned to {length} hexadecimal digits"));
    }
    (!is_version(comment)).then(|| format!("`{what}` has no `# vX.Y.Z` behind it"))
}

fn is_version(comment: &str) -> bool {
    let first = comment.split([' ', ',']).next();
    let Some(version) = first.and_then(|word| word.strip_prefix('v')) else {
        return false;
    };
    let parts: Vec<&str> = version.split('.').collect();
    let numeric = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "3d3c42e5aac5ba805825da76410c181273ba90b1";

    fn found(text: &str) -> Vec<usize> {
        let tree = Tree::of(&[(".github/workflows/a.yml", text), ("docs/a.yml", "uses: x@v1")]);
        let findings = Findings::of("pins", &tree, check).into_iter();
        findings.map(|finding| finding.line).collect()
    }

    #[test]
    fn pinned_and_local_ones_pass_in_every_form() {
        let image = "a".repeat(64);
        let text = format!(
            "steps:\n  - uses: actions/checkout@{HASH} # v7.0.1\n  - name: x\n    uses: \"a/b/c@{HASH}\" # v1.2.3, latest\n\
             \x20 - {{uses: a/b@{HASH}}} # v1.2.3\n  - uses: ./.github/actions/own\n  - uses: $/.github/actions/own\n  - uses: docker://x@sha256:{image} # v1.2.3\n\
             # uses: a/b@v1\n  - run: echo # uses: a/b@v1\n    with: {{ reuses: x }}\n"
        );
        assert_eq!(found(&text), [0; 0]);
    }

    /// M10: An action that is named by a tag, a branch or a part of a commit, or without its version, is found.
    #[test]
    fn tags_branches_short_hashes_and_missing_versions_are_found() {
        let text = format!(
            "- uses: actions/checkout@v7\n- uses: a/b@main # v1.2.3\n- uses: a/b@{} # v1.2.3\n- uses: a/b@{HASH}\n\
             - uses: a/b@{HASH} # v7\n- uses: docker://x:1 # v1.2.3\n- uses:\n    a/b@v1\n- {{ \"uses\": 'a/b@v1' }}\n- uses: a/b\n",
            &HASH[..39]
        );
        assert_eq!(found(&text), [1, 2, 3, 4, 5, 6, 7, 9, 10]);
    }
}

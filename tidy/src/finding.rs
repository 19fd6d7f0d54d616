//! Violations of rules, displayed as `path:line: rule: what`.

use std::fmt;

use crate::tree::Tree;

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// The rule's short name.
    pub rule: &'static str,
    /// What is wrong, and what to do about it unless that is obvious.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.what)
    }
}

/// Adds what violates a rule in the tree.
pub(super) type Check = fn(&Tree, &mut Findings);

/// The violations that a rule collects.
pub(super) struct Findings {
    rule: &'static str,
    all: Vec<Finding>,
}

impl Findings {
    /// What the check of this rule finds, sorted, each once.
    pub(super) fn of(rule: &'static str, tree: &Tree, check: impl FnOnce(&Tree, &mut Self)) -> Vec<Finding> {
        let all = Vec::new();
        let mut findings = Self { rule, all };
        check(tree, &mut findings);
        findings.all.sort();
        findings.all.dedup();
        findings.all
    }

    pub(super) fn add(&mut self, path: &str, line: usize, what: impl Into<String>) {
        self.all.push(Finding {
            path: path.to_owned(),
            line,
            rule: self.rule,
            what: what.into(),
        });
    }
}

/// What a check finds in these files, as `path:line: what`.
#[cfg(test)]
pub(super) fn found(check: impl FnOnce(&Tree, &mut Findings), files: &[(&str, &str)]) -> Vec<String> {
    Findings::of("", &Tree::of(files), check)
        .iter()
        .map(|finding| format!("{}:{}: {}", finding.path, finding.line, finding.what))
        .collect()
}

/// Where a check finds something in these files, as `path:line`.
#[cfg(test)]
pub(super) fn places(check: impl FnOnce(&Tree, &mut Findings), files: &[(&str, &str)]) -> Vec<String> {
    Findings::of("", &Tree::of(files), check)
        .iter()
        .map(|finding| format!("{}:{}", finding.path, finding.line))
        .collect()
}

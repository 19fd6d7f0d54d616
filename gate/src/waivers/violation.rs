//! A violation of the rules for waivers, as a finding of the gate.

use crate::finding::{Finding, Severity};

/// An invalid part of the ledger, or an ignore that the ledger does not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The violated rule.
    pub rule: &'static str,
    /// What is wrong, with the entry's id.
    pub what: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: Option<u64>,
}

/// An entry that cannot be read, or has an invalid field.
pub const MALFORMED: &str = "waiver-malformed";
/// An expired entry.
pub const EXPIRED: &str = "waiver-expired";
/// An entry that is valid for too long, or from a future day.
pub const PERIOD: &str = "waiver-period";
/// An unknown tool or owner.
pub const UNKNOWN: &str = "waiver-unknown";
/// A tool's own ignore list that differs from the ledger.
pub const LIST: &str = "waiver-list";
/// An ignore in a file without an entry in the ledger.
pub const UNLEDGERED: &str = "waiver-unledgered";

/// The tool's name in findings. No entry covers it: the rules for waivers cannot be waived.
pub const TOOL: &str = "waivers";

impl Violation {
    /// A violation in a file.
    pub fn new(rule: &'static str, path: &str, line: Option<u64>, what: impl Into<String>) -> Violation {
        Violation {
            rule,
            what: what.into(),
            path: path.to_owned(),
            line,
        }
    }

    /// As a finding of the gate.
    pub fn finding(&self) -> Finding {
        Finding::new(TOOL, self.rule, self.what.as_str())
            .rated(Severity::High)
            .at(self.path.as_str(), self.line)
    }
}

//! What is wrong with the ledger, or beside it, as a finding of the gate; finds nothing itself.

use crate::finding::{Finding, Severity};

/// A part of the ledger, or an ignore, that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule that it breaks.
    pub rule: &'static str,
    /// What is wrong, with the entry's id.
    pub what: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: Option<u64>,
}

/// An entry that cannot be read, or says nothing where it should.
pub const MALFORMED: &str = "waiver-malformed";
/// It has expired.
pub const EXPIRED: &str = "waiver-expired";
/// It counts for too long, or from a day that is to come.
pub const PERIOD: &str = "waiver-period";
/// No tool, or no owner, of that name.
pub const UNKNOWN: &str = "waiver-unknown";
/// A tool's own list is not what the ledger says.
pub const LIST: &str = "waiver-list";
/// An ignore in a file that no entry knows.
pub const UNLEDGERED: &str = "waiver-unledgered";

/// The tool's name in findings, which no entry covers: nobody waives the rules of waiving.
pub const TOOL: &str = "waivers";

impl Violation {
    /// As a finding of the gate.
    pub fn finding(&self) -> Finding {
        Finding::new(TOOL, self.rule, self.what.as_str())
            .rated(Severity::High)
            .at(self.path.as_str(), self.line)
    }
}

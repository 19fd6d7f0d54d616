//! One entry of the ledger: which finding is accepted, and on which days; reads nothing.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::waivers::violation;

/// Where it is, below the root.
pub const FILE: &str = "security/waivers.toml";

/// How many days an entry counts at the most.
pub const LONGEST: u64 = 90;

/// One accepted finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Its own name: `W-1`.
    pub id: String,
    /// The tools whose finding it covers, as in the table of tools.
    pub tools: Vec<String>,
    /// The rule, or one of its aliases.
    pub rule: String,
    /// Only there: a path of the repository, or the beginning of one that ends in `/`, or a URL.
    pub path: Option<String>,
    /// Only in this package: a package URL, or one up to its `@` for every version.
    pub package: Option<String>,
    /// Why it is accepted, and what stands in for the fix.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When it was written.
    pub created: NaiveDate,
    /// The last day on which it counts: at most 90 days later.
    pub expires: NaiveDate,
    /// Where it is discussed: a URL, or `#` and the number of an issue.
    pub link: String,
    /// Where it begins in the ledger, from 1.
    #[serde(skip)]
    pub line: u64,
}

impl Waiver {
    /// Whether it counts on this day: neither before it was written, nor for longer than any may.
    pub fn counts_on(&self, today: NaiveDate) -> bool {
        self.created <= today && today <= self.expires && !self.is_too_long()
    }

    /// Whether it would count for longer than any may.
    pub fn is_too_long(&self) -> bool {
        let latest = self.created.checked_add_days(Days::new(LONGEST));
        latest.is_none_or(|latest| self.expires > latest)
    }

    /// Whether it is about this file.
    pub fn is_at(&self, path: &str) -> bool {
        self.path
            .as_ref()
            .is_none_or(|wanted| path == wanted || (wanted.ends_with('/') && path.starts_with(wanted)))
    }

    /// Whether this is the finding.
    pub fn covers(&self, finding: &Finding) -> bool {
        let rule = finding.rule == self.rule || finding.aliases.contains(&self.rule);
        let at = finding.location.as_ref();
        let path = self.path.is_none() || at.is_some_and(|location| self.is_at(&location.path));
        let package = self.package.as_ref().is_none_or(|wanted| {
            let package = finding.package.as_deref().unwrap_or_default();
            let rest = package.strip_prefix(wanted.as_str());
            // Version 1 is not 1.1; what follows a version are its qualifiers.
            rest.is_some_and(|rest| wanted.ends_with('@') || rest.is_empty() || rest.starts_with(['?', '#']))
        });
        finding.tool != violation::TOOL && self.tools.contains(&finding.tool) && rule && path && package
    }
}

//! One entry of the ledger: which finding is accepted, and on which days.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::waivers::violation;

/// The ledger's path below the root.
pub const FILE: &str = "security/waivers.toml";

/// The longest validity of an entry, in days.
pub const MAX_DAYS: u64 = 90;

/// One accepted finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Its unique id: `W-1`.
    pub id: String,
    /// The tools whose finding it covers, as in the table of tools.
    pub tools: Vec<String>,
    /// The rule, or one of its aliases.
    pub rule: String,
    /// Restricts it to a path of the repository, a folder (with a final `/`), or a URL.
    pub path: Option<String>,
    /// Restricts it to a package URL; one that ends in `@` means every version.
    pub package: Option<String>,
    /// Why it is accepted, and what compensates for the missing fix.
    pub reason: String,
    /// Who is responsible for it.
    pub owner: String,
    /// The day it was written.
    pub created: NaiveDate,
    /// The last day on which it is valid: at most 90 days later.
    pub expires: NaiveDate,
    /// Where it is discussed: a URL, or `#` and the number of an issue.
    pub link: String,
    /// The entry's first line in the ledger, from 1.
    #[serde(skip)]
    pub line: u64,
}

impl Waiver {
    /// Whether it is valid on this day. An entry with too long a validity never is.
    pub fn is_valid_on(&self, today: NaiveDate) -> bool {
        self.created <= today && today <= self.expires && !self.is_too_long()
    }

    /// Whether its validity exceeds [`MAX_DAYS`].
    pub fn is_too_long(&self) -> bool {
        let latest = self.created.checked_add_days(Days::new(MAX_DAYS));
        latest.is_none_or(|latest| self.expires > latest)
    }

    /// Whether it applies to this file.
    pub fn applies_to(&self, path: &str) -> bool {
        self.path
            .as_ref()
            .is_none_or(|wanted| path == wanted || (wanted.ends_with('/') && path.starts_with(wanted)))
    }

    /// Whether it covers the finding. Violations of the rules for waivers cannot be waived.
    pub fn covers(&self, finding: &Finding) -> bool {
        let rule = finding.rule == self.rule || finding.aliases.contains(&self.rule);
        let location = finding.location.as_ref();
        let path = self.path.is_none() || location.is_some_and(|location| self.applies_to(&location.path));
        let package = self.package.as_ref().is_none_or(|wanted| {
            let package = finding.package.as_deref().unwrap_or_default();
            let suffix = package.strip_prefix(wanted.as_str());
            // Version 1 does not mean 1.1; only qualifiers may follow a version.
            suffix.is_some_and(|suffix| {
                wanted.ends_with('@') || suffix.is_empty() || suffix.starts_with(['?', '#'])
            })
        });
        finding.tool != violation::TOOL && self.tools.contains(&finding.tool) && rule && path && package
    }
}

//! How the page shows waivers.

use crate::report::waiver_status::{WaiverStatus, WaiverUse};
use crate::waivers::Waiver;

impl WaiverUse {
    pub(super) fn text(&self) -> String {
        match (self.status, self.covers) {
            (WaiverStatus::Used, 1) => "covers 1 finding".to_owned(),
            (WaiverStatus::Used, many) => format!("covers {many} findings"),
            (WaiverStatus::Unused, _) => "unused: it can be removed".to_owned(),
            (WaiverStatus::NotEvaluated, _) => "not evaluated: its tools did not run".to_owned(),
            (WaiverStatus::Expired, _) => "expired: it covers nothing".to_owned(),
        }
    }

    pub(super) fn days_unit(&self) -> &'static str {
        match self.days_left {
            1 => "day left",
            0.. => "days left",
            -1 => "day over",
            _ => "days over",
        }
    }
}

impl Waiver {
    /// The path and the package that it is restricted to.
    pub(super) fn restriction(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.path, &self.package]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// Whether its link is safe to follow: the ledger may contain any text.
    pub(super) fn has_url(&self) -> bool {
        self.link.starts_with("https://") || self.link.starts_with("http://")
    }
}

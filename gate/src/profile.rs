//! Who runs the gate, and which "not run" that one cannot accept; a few words and one rule.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::outcome::{MissingReason, Verdict};

/// Who runs the gate. Each accepts less than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateProfile {
    /// A developer's machine: what is not installed is told.
    Local,
    /// Every push: what can be had from a package registry must run.
    Pipeline,
    /// A release: everything must run, and nothing is taken over from an earlier run.
    Release,
}

impl GateProfile {
    /// Whether a verdict fails the whole run. `needed` is the first profile that insists on the gate.
    pub fn is_fatal(self, verdict: Verdict, lack: Option<MissingReason>, required_from: GateProfile) -> bool {
        match (verdict, lack) {
            (Verdict::Pass | Verdict::Waived, _) | (Verdict::NotRun, Some(MissingReason::Files)) => false,
            (Verdict::Fail | Verdict::Untrusted, _)
            | (Verdict::NotRun, Some(MissingReason::Earlier | MissingReason::Time)) => true,
            (Verdict::NotRun, Some(MissingReason::Tool | MissingReason::Data) | None) => {
                self >= required_from
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_fails_only_those_who_insist() {
        let fatal =
            |profile: GateProfile, lack| profile.is_fatal(Verdict::NotRun, Some(lack), GateProfile::Pipeline);
        assert!(
            !fatal(GateProfile::Local, MissingReason::Tool)
                && fatal(GateProfile::Pipeline, MissingReason::Tool)
        );
        assert!(
            fatal(GateProfile::Release, MissingReason::Data)
                && !fatal(GateProfile::Release, MissingReason::Files)
        );
        assert!(
            fatal(GateProfile::Local, MissingReason::Time),
            "half a run is no run"
        );
        for verdict in [Verdict::Fail, Verdict::Untrusted] {
            assert!(GateProfile::Local.is_fatal(verdict, None, GateProfile::Release));
        }
        assert!(!GateProfile::Release.is_fatal(Verdict::Waived, None, GateProfile::Local));
    }
}

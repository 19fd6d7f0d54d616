//! Where the gate runs, and which verdicts fail the run there.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::outcome::{MissingReason, Verdict};

/// Each profile is stricter than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateProfile {
    /// A developer's machine: missing tools are reported only.
    Local,
    /// Every push: tools that a package registry has must run.
    Pipeline,
    /// A release: every gate must run, and no verdict is taken from the cache.
    Release,
}

impl GateProfile {
    /// Whether a verdict fails the whole run. `required_from` is the first profile in which the gate must run.
    pub fn is_fatal(
        self,
        verdict: Verdict,
        missing: Option<MissingReason>,
        required_from: GateProfile,
    ) -> bool {
        match (verdict, missing) {
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
    fn a_missing_tool_fails_only_from_the_required_profile_on() {
        let fatal = |profile: GateProfile, missing| {
            profile.is_fatal(Verdict::NotRun, Some(missing), GateProfile::Pipeline)
        };
        assert!(!fatal(GateProfile::Local, MissingReason::Tool));
        assert!(fatal(GateProfile::Pipeline, MissingReason::Tool));
        assert!(fatal(GateProfile::Release, MissingReason::Data));
        assert!(!fatal(GateProfile::Release, MissingReason::Files));
        let interrupted = fatal(GateProfile::Local, MissingReason::Time);
        assert!(interrupted, "an interrupted run is incomplete");
        for verdict in [Verdict::Fail, Verdict::Untrusted] {
            assert!(GateProfile::Local.is_fatal(verdict, None, GateProfile::Release));
        }
        assert!(!GateProfile::Release.is_fatal(Verdict::Waived, None, GateProfile::Local));
    }
}

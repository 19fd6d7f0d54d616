//! Who runs the gate, and which "not run" that one cannot accept; a few words and one rule.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::outcome::{Lack, Verdict};

/// Who runs the gate. Each accepts less than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A developer's machine: what is not installed is told.
    Local,
    /// Every push: what can be had from a package registry must run.
    Pipeline,
    /// A release: everything must run, and nothing is taken over from an earlier run.
    Release,
}

impl Profile {
    /// Whether a verdict fails the whole run. `needed` is the first profile that insists on the gate.
    #[must_use]
    pub fn is_fatal(self, verdict: Verdict, lack: Option<Lack>, needed: Profile) -> bool {
        match (verdict, lack) {
            (Verdict::Pass | Verdict::Waived, _) | (Verdict::NotRun, Some(Lack::Files)) => false,
            (Verdict::Fail | Verdict::Untrusted, _) | (Verdict::NotRun, Some(Lack::Earlier | Lack::Time)) => {
                true
            }
            (Verdict::NotRun, Some(Lack::Tool | Lack::Data) | None) => self >= needed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_fails_only_those_who_insist() {
        let fatal = |profile: Profile, lack| profile.is_fatal(Verdict::NotRun, Some(lack), Profile::Pipeline);
        assert!(!fatal(Profile::Local, Lack::Tool) && fatal(Profile::Pipeline, Lack::Tool));
        assert!(fatal(Profile::Release, Lack::Data) && !fatal(Profile::Release, Lack::Files));
        assert!(fatal(Profile::Local, Lack::Time), "half a run is no run");
        for verdict in [Verdict::Fail, Verdict::Untrusted] {
            assert!(Profile::Local.is_fatal(verdict, None, Profile::Release));
        }
        assert!(!Profile::Release.is_fatal(Verdict::Waived, None, Profile::Local));
    }
}

//! From scan results to a verdict: a pure function of the scan, the canary and the waivers.

use crate::finding::Finding;
use crate::outcome::{Canary, MissingReason, Verdict};
use crate::scan_result::{ScanError, ScanOutcome};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    /// One line.
    pub reason: String,
    /// Set when the gate did not run.
    pub missing: Option<MissingReason>,
}

/// Compares the scan of a canary with the rules that it must find.
pub fn canary(scan: &ScanOutcome, expected: &[&str]) -> Canary {
    use ScanError::{DataUnavailable, Stopped, ToolMissing};
    let result = match scan {
        Err(error @ (ToolMissing(_) | DataUnavailable(_) | Stopped)) => {
            return Canary::NotPlanted(error.to_string());
        }
        Err(error) => return Canary::Missed(vec![error.to_string()]),
        Ok(result) => result,
    };
    let is_found = |rule: &&str| result.findings.iter().any(|finding| has_rule(finding, rule));
    let missed: Vec<&str> = expected.iter().copied().filter(|rule| !is_found(rule)).collect();
    let owned = |rules: &[&str]| rules.iter().map(ToString::to_string).collect();
    if missed.is_empty() {
        Canary::Found(owned(expected))
    } else {
        Canary::Missed(owned(&missed))
    }
}

fn has_rule(finding: &Finding, rule: &str) -> bool {
    finding.rule == rule || finding.aliases.iter().any(|alias| alias == rule)
}

/// Judges a scan whose findings are already marked with their waivers. A finding fails whatever the canary's result; no
/// findings count only if the canary was found and enough was scanned.
pub fn judge(scan: &ScanOutcome, canary: &Canary) -> Judgement {
    let result = match scan {
        Ok(result) => result,
        Err(error) => return Judgement::of_error(error),
    };
    let findings = result.findings.iter();
    let open: Vec<&Finding> = findings.filter(|finding| finding.waiver.is_none()).collect();
    if let Some(worst) = open.iter().max_by_key(|finding| finding.severity) {
        return Judgement::of(Verdict::Fail, summary(worst, open.len() - 1));
    }
    match canary {
        Canary::Missed(missed) => {
            let reason = format!("missed the planted defect: {}", missed.join(", "));
            return Judgement::of(Verdict::Untrusted, reason);
        }
        Canary::NotPlanted(why) => return Judgement::unavailable(format!("no planted defect: {why}")),
        Canary::Found(_) | Canary::None => {}
    }
    if let Some(work) = result.work.iter().find(|work| work.count < work.min) {
        let why = result.inconclusive.as_ref().map(|why| format!("; {why}"));
        let reason = format!(
            "scanned only {} {}, expected at least {}{}",
            work.count,
            work.of,
            work.min,
            why.unwrap_or_default()
        );
        return Judgement::of(Verdict::Untrusted, reason);
    }
    let Some(work) = result.work.first() else {
        return Judgement::of(Verdict::Untrusted, "reports nothing that it scanned".to_owned());
    };
    if let Some(why) = &result.inconclusive {
        return Judgement::unavailable(why.clone());
    }
    let scanned = format!("{} {}", work.count, work.of);
    match result.findings.len() {
        0 => Judgement::of(Verdict::Pass, scanned),
        waived => Judgement::of(Verdict::Waived, format!("{scanned}, {waived} waived")),
    }
}

impl Judgement {
    fn of(verdict: Verdict, reason: String) -> Judgement {
        Judgement {
            verdict,
            reason,
            missing: None,
        }
    }

    fn unavailable(reason: String) -> Judgement {
        Judgement::of_error(&ScanError::DataUnavailable(reason))
    }

    fn of_error(error: &ScanError) -> Judgement {
        let missing = match error {
            ScanError::ToolMissing(_) => Some(MissingReason::Tool),
            ScanError::NothingToScan(_) => Some(MissingReason::Files),
            ScanError::DataUnavailable(_) => Some(MissingReason::Data),
            ScanError::Stopped => Some(MissingReason::Time),
            ScanError::ToolFailed(_) | ScanError::TimedOut(_) => None,
        };
        let verdict = if missing.is_some() {
            Verdict::NotRun
        } else {
            Verdict::Fail
        };
        Judgement {
            missing,
            ..Judgement::of(verdict, error.to_string())
        }
    }
}

/// The worst finding, and how many more there are.
fn summary(worst: &Finding, more: usize) -> String {
    let line = worst.line().map_or(String::new(), |line| format!(":{line}"));
    let location = worst
        .path()
        .map_or(String::new(), |path| format!(" at {path}{line}"));
    let more = if more == 0 {
        String::new()
    } else {
        format!(" (and {more} more)")
    };
    format!("{}: {}{location}{more}", worst.rule, worst.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::scan_result::ScanResult;
    use std::time::Duration;

    fn scan(findings: &[&str]) -> ScanOutcome {
        let findings = findings.iter().map(|rule| Finding::new("t", *rule, "bad"));
        Ok(ScanResult::of(findings).with_work(3, "files", 1))
    }

    fn found() -> Canary {
        canary(&scan(&["A", "B", "C"]), &["A", "B"])
    }

    fn verdict(scan: &ScanOutcome, canary: &Canary) -> (Verdict, String) {
        let judged = judge(scan, canary);
        (judged.verdict, judged.reason)
    }

    #[test]
    fn no_findings_count_with_a_found_canary_and_enough_work() {
        assert_eq!(found(), Canary::Found(vec!["A".into(), "B".into()]));
        assert_eq!(verdict(&scan(&[]), &found()), (Verdict::Pass, "3 files".into()));
        let missed = canary(&scan(&["A"]), &["A", "B"]);
        let reason = "missed the planted defect: B".to_owned();
        assert_eq!(verdict(&scan(&[]), &missed), (Verdict::Untrusted, reason));
        let idle = Ok(ScanResult::default().with_work(0, "advisories", 1000));
        let reason = "scanned only 0 advisories, expected at least 1000".to_owned();
        assert_eq!(verdict(&idle, &found()), (Verdict::Untrusted, reason));
        let without_work = Ok(ScanResult::default());
        assert_eq!(verdict(&without_work, &found()).0, Verdict::Untrusted);
    }

    #[test]
    fn a_canary_whose_scan_failed_is_missed() {
        let failed: ScanOutcome = Err(ScanError::ToolFailed("no report".into()));
        let canary = canary(&failed, &["A"]);
        assert_eq!(canary, Canary::Missed(vec!["the scan failed: no report".into()]));
        assert_eq!(verdict(&scan(&[]), &canary).0, Verdict::Untrusted);
    }

    #[test]
    fn a_canary_that_could_not_be_planted_is_no_pass_and_hides_no_finding() {
        let none: ScanOutcome = Err(ScanError::DataUnavailable("the registry does not answer".into()));
        let canary = canary(&none, &["A"]);
        let reason = "no planted defect: the registry does not answer".to_owned();
        assert_eq!(verdict(&scan(&[]), &canary), (Verdict::NotRun, reason));
        assert_eq!(verdict(&scan(&["X"]), &canary).0, Verdict::Fail);
    }

    #[test]
    fn outdated_data_is_no_pass_and_hides_no_finding() {
        let outdated = |findings: &[&str]| -> ScanOutcome {
            let result = scan(findings)?;
            Ok(ScanResult {
                inconclusive: Some("a database of last year".to_owned()),
                ..result
            })
        };
        let judged = judge(&outdated(&[]), &found());
        let expected = (Verdict::NotRun, Some(MissingReason::Data));
        assert_eq!((judged.verdict, judged.missing), expected);
        assert_eq!(judged.reason, "a database of last year");
        assert_eq!(verdict(&outdated(&["X"]), &found()).0, Verdict::Fail);
        let idle = outdated(&[]).map(|result| result.with_work(1, "runs", 2));
        let reason = "scanned only 1 runs, expected at least 2; a database of last year".to_owned();
        assert_eq!(verdict(&idle, &found()), (Verdict::Untrusted, reason));
        let missed = canary(&scan(&[]), &["A"]);
        assert_eq!(verdict(&outdated(&[]), &missed).0, Verdict::Untrusted);
    }

    #[test]
    fn a_finding_fails_and_a_waived_one_is_counted() {
        let mut scan = scan(&["X", "Y"]);
        let findings = &mut scan.as_mut().unwrap().findings;
        findings[1] = findings[1].clone().rated(Severity::High).at("a.tf", Some(7));
        let reason = "Y: bad at a.tf:7 (and 1 more)".to_owned();
        assert_eq!(verdict(&scan, &found()), (Verdict::Fail, reason));
        for finding in &mut scan.as_mut().unwrap().findings {
            finding.waiver = Some("W1".into());
        }
        let reason = "3 files, 2 waived".to_owned();
        assert_eq!(verdict(&scan, &found()), (Verdict::Waived, reason));
    }

    #[test]
    fn what_is_missing_did_not_run_and_what_failed_fails() {
        use MissingReason::{Data, Files, Time, Tool};
        for (error, verdict, missing) in [
            (ScanError::ToolMissing("no x".into()), Verdict::NotRun, Some(Tool)),
            (
                ScanError::NothingToScan("no *.tf".into()),
                Verdict::NotRun,
                Some(Files),
            ),
            (
                ScanError::DataUnavailable("no data".into()),
                Verdict::NotRun,
                Some(Data),
            ),
            (ScanError::Stopped, Verdict::NotRun, Some(Time)),
            (ScanError::ToolFailed("nonsense".into()), Verdict::Fail, None),
            (ScanError::TimedOut(Duration::from_secs(9)), Verdict::Fail, None),
        ] {
            let judged = judge(&Err(error), &found());
            assert_eq!((judged.verdict, judged.missing), (verdict, missing));
        }
    }
}

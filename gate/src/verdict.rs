//! From what a tool saw to a verdict: a pure rule over the real run, the run on the planted defect, and the waivers.

use crate::finding::Finding;
use crate::outcome::{Canary, MissingReason, Verdict};
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

/// A verdict and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The word.
    pub verdict: Verdict,
    /// Why, in one line.
    pub reason: String,
    /// What is lacking, when it did not run.
    pub lack: Option<MissingReason>,
}

/// What came of the run on the planted defect; `None`: the gate plants none.
pub fn canary(look: Option<&ScanOutcome>, expected: &[&str]) -> Canary {
    match look {
        None => Canary::None,
        Some(Err(
            error @ (ScanError::ToolMissing(_) | ScanError::DataUnavailable(_) | ScanError::Stopped),
        )) => Canary::NotPlanted(error.to_string()),
        Some(Err(error)) => Canary::Missed(vec![error.to_string()]),
        Some(Ok(seen)) => {
            let found = |rule: &&&str| seen.findings.iter().any(|finding| is(finding, rule));
            let missed: Vec<String> = expected
                .iter()
                .filter(|rule| !found(rule))
                .map(ToString::to_string)
                .collect();
            match missed.is_empty() {
                true => Canary::Found(expected.iter().map(ToString::to_string).collect()),
                false => Canary::Missed(missed),
            }
        }
    }
}

fn is(finding: &Finding, rule: &str) -> bool {
    finding.rule == rule || finding.aliases.iter().any(|alias| alias == rule)
}

/// Judges. Findings that a waiver covers are marked already. A finding fails whatever the canary says; silence counts only
/// beside a canary that was found and enough work.
pub fn judge(look: &ScanOutcome, canary: &Canary) -> Judgement {
    let seen = match look {
        Ok(seen) => seen,
        Err(error) => return of_trouble(error),
    };
    let open = seen
        .findings
        .iter()
        .filter(|finding| finding.waiver.is_none())
        .count();
    if open > 0 {
        return Judgement::of(Verdict::Fail, first_of(seen, open));
    }
    match canary {
        Canary::Missed(missed) => {
            let reason = format!("missed the planted defect: {}", missed.join(", "));
            return Judgement::of(Verdict::Untrusted, reason);
        }
        Canary::NotPlanted(why) => {
            return of_trouble(&ScanError::DataUnavailable(format!("no planted defect: {why}")));
        }
        Canary::Found(_) | Canary::None => {}
    }
    if let Some(work) = seen.work.iter().find(|work| work.count < work.least) {
        let reason = format!(
            "looked at {} {} only, at least {} are there",
            work.count, work.of, work.least
        );
        return Judgement::of(Verdict::Untrusted, reason);
    }
    let Some(work) = seen.work.first() else {
        return Judgement::of(Verdict::Untrusted, "does not say what it looked at".to_owned());
    };
    if let Some(why) = &seen.outdated {
        return of_trouble(&ScanError::DataUnavailable(why.clone()));
    }
    let looked = format!("{} {}", work.count, work.of);
    match seen.findings.len() {
        0 => Judgement::of(Verdict::Pass, looked),
        waived => Judgement::of(Verdict::Waived, format!("{looked}, {waived} waived")),
    }
}

impl Judgement {
    fn of(verdict: Verdict, reason: String) -> Judgement {
        Judgement {
            verdict,
            reason,
            lack: None,
        }
    }
}

fn of_trouble(error: &ScanError) -> Judgement {
    let lack = match error {
        ScanError::ToolMissing(_) => MissingReason::Tool,
        ScanError::NothingToScan(_) => MissingReason::Files,
        ScanError::DataUnavailable(_) => MissingReason::Data,
        ScanError::Stopped => MissingReason::Time,
        ScanError::ToolFailed(_) | ScanError::TimedOut(_) => {
            return Judgement::of(Verdict::Fail, error.to_string());
        }
    };
    Judgement {
        verdict: Verdict::NotRun,
        reason: error.to_string(),
        lack: Some(lack),
    }
}

/// The worst of them, and how many more there are.
fn first_of(seen: &ScanResult, open: usize) -> String {
    let worst = seen
        .findings
        .iter()
        .filter(|finding| finding.waiver.is_none())
        .max_by_key(|finding| finding.severity);
    let Some(worst) = worst else { return String::new() };
    let place = worst.location.as_ref().map_or(String::new(), |location| {
        let line = location.line.map_or(String::new(), |line| format!(":{line}"));
        format!(" at {}{line}", location.path)
    });
    let more = match open {
        1 => String::new(),
        many => format!(" (and {} more)", many - 1),
    };
    format!("{}: {}{place}{more}", worst.rule, worst.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use std::time::Duration;

    fn seen(findings: &[&str]) -> ScanOutcome {
        Ok(ScanResult {
            findings: findings
                .iter()
                .map(|rule| Finding::new("t", *rule, "bad"))
                .collect(),
            ..ScanResult::default()
        }
        .with_work(3, "files", 1))
    }

    fn found() -> Canary {
        canary(Some(&seen(&["A", "B", "C"])), &["A", "B"])
    }

    fn verdict(look: &ScanOutcome, canary: &Canary) -> (Verdict, String) {
        let judged = judge(look, canary);
        (judged.verdict, judged.reason)
    }

    #[test]
    fn silence_counts_beside_a_found_canary_and_enough_work() {
        assert_eq!(found(), Canary::Found(vec!["A".into(), "B".into()]));
        assert_eq!(verdict(&seen(&[]), &found()), (Verdict::Pass, "3 files".into()));
        let blind = canary(Some(&seen(&["A"])), &["A", "B"]);
        let reason = "missed the planted defect: B".to_owned();
        assert_eq!(verdict(&seen(&[]), &blind), (Verdict::Untrusted, reason));
        let idle = Ok(ScanResult::default().with_work(0, "advisories", 1000));
        let reason = "looked at 0 advisories only, at least 1000 are there".to_owned();
        assert_eq!(verdict(&idle, &found()), (Verdict::Untrusted, reason));
        assert_eq!(
            verdict(&Ok(ScanResult::default()), &found()).0,
            Verdict::Untrusted
        );
    }

    #[test]
    fn a_canary_that_broke_was_not_found() {
        let broke: ScanOutcome = Err(ScanError::ToolFailed("no report".into()));
        let canary = canary(Some(&broke), &["A"]);
        assert_eq!(canary, Canary::Missed(vec!["it broke: no report".into()]));
        assert_eq!(verdict(&seen(&[]), &canary).0, Verdict::Untrusted);
    }

    #[test]
    fn a_canary_that_could_not_be_planted_is_no_pass_and_hides_no_finding() {
        let none: ScanOutcome = Err(ScanError::DataUnavailable("the registry does not answer".into()));
        let canary = canary(Some(&none), &["A"]);
        let reason = "no planted defect: the registry does not answer".to_owned();
        assert_eq!(verdict(&seen(&[]), &canary), (Verdict::NotRun, reason));
        assert_eq!(verdict(&seen(&["X"]), &canary).0, Verdict::Fail);
    }

    #[test]
    fn outdated_data_is_no_pass_and_hides_no_finding() {
        let outdated = |findings: &[&str]| -> ScanOutcome {
            Ok(ScanResult {
                outdated: Some("a database of last year".to_owned()),
                ..seen(findings)?
            })
        };
        let judged = judge(&outdated(&[]), &found());
        assert_eq!(
            (judged.verdict, judged.lack),
            (Verdict::NotRun, Some(MissingReason::Data))
        );
        assert_eq!(judged.reason, "a database of last year");
        assert_eq!(verdict(&outdated(&["X"]), &found()).0, Verdict::Fail);
        assert_eq!(
            verdict(&outdated(&[]), &canary(Some(&seen(&[])), &["A"])).0,
            Verdict::Untrusted
        );
    }

    #[test]
    fn a_finding_fails_and_a_waived_one_is_told() {
        let mut look = seen(&["X", "Y"]);
        let findings = &mut look.as_mut().unwrap().findings;
        findings[1] = findings[1].clone().rated(Severity::High).at("a.tf", Some(7));
        let reason = "Y: bad at a.tf:7 (and 1 more)".to_owned();
        assert_eq!(verdict(&look, &found()), (Verdict::Fail, reason));
        for finding in &mut look.as_mut().unwrap().findings {
            finding.waiver = Some("W1".into());
        }
        let reason = "3 files, 2 waived".to_owned();
        assert_eq!(verdict(&look, &found()), (Verdict::Waived, reason));
    }

    #[test]
    fn what_is_not_there_did_not_run_and_what_broke_failed() {
        for (error, verdict, lack) in [
            (
                ScanError::ToolMissing("no x".into()),
                Verdict::NotRun,
                Some(MissingReason::Tool),
            ),
            (
                ScanError::NothingToScan("no *.tf".into()),
                Verdict::NotRun,
                Some(MissingReason::Files),
            ),
            (
                ScanError::DataUnavailable("no database".into()),
                Verdict::NotRun,
                Some(MissingReason::Data),
            ),
            (ScanError::Stopped, Verdict::NotRun, Some(MissingReason::Time)),
            (ScanError::ToolFailed("nonsense".into()), Verdict::Fail, None),
            (ScanError::TimedOut(Duration::from_secs(9)), Verdict::Fail, None),
        ] {
            let judged = judge(&Err(error), &found());
            assert_eq!((judged.verdict, judged.lack), (verdict, lack));
        }
    }
}

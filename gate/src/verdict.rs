//! From what a tool saw to a verdict: a pure rule over the real run, the run on the planted defect, and the waivers.

use crate::finding::Finding;
use crate::outcome::{Canary, Lack, Verdict};
use crate::scan_result::{Look, Seen, Trouble};

/// A verdict and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The word.
    pub verdict: Verdict,
    /// Why, in one line.
    pub reason: String,
    /// What is lacking, when it did not run.
    pub lack: Option<Lack>,
}

/// What came of the run on the planted defect; `None`: the gate plants none.
#[must_use]
pub fn canary(look: Option<&Look>, expected: &[&str]) -> Canary {
    match look {
        None => Canary::None,
        Some(Err(trouble @ (Trouble::NoTool(_) | Trouble::NoData(_) | Trouble::Stopped))) => {
            Canary::Unplanted(trouble.to_string())
        }
        Some(Err(trouble)) => Canary::Missed(vec![trouble.to_string()]),
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
#[must_use]
pub fn judge(look: &Look, canary: &Canary) -> Judgement {
    let seen = match look {
        Ok(seen) => seen,
        Err(trouble) => return of_trouble(trouble),
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
        Canary::Unplanted(why) => {
            return of_trouble(&Trouble::NoData(format!("no planted defect: {why}")));
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
        return of_trouble(&Trouble::NoData(why.clone()));
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

fn of_trouble(trouble: &Trouble) -> Judgement {
    let lack = match trouble {
        Trouble::NoTool(_) => Lack::Tool,
        Trouble::NoFiles(_) => Lack::Files,
        Trouble::NoData(_) => Lack::Data,
        Trouble::Stopped => Lack::Time,
        Trouble::Broke(_) | Trouble::Late(_) => {
            return Judgement::of(Verdict::Fail, trouble.to_string());
        }
    };
    Judgement {
        verdict: Verdict::NotRun,
        reason: trouble.to_string(),
        lack: Some(lack),
    }
}

/// The worst of them, and how many more there are.
fn first_of(seen: &Seen, open: usize) -> String {
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

    fn seen(findings: &[&str]) -> Look {
        Ok(Seen {
            findings: findings
                .iter()
                .map(|rule| Finding::new("t", *rule, "bad"))
                .collect(),
            ..Seen::default()
        }
        .looked_at(3, "files", 1))
    }

    fn found() -> Canary {
        canary(Some(&seen(&["A", "B", "C"])), &["A", "B"])
    }

    fn verdict(look: &Look, canary: &Canary) -> (Verdict, String) {
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
        let idle = Ok(Seen::default().looked_at(0, "advisories", 1000));
        let reason = "looked at 0 advisories only, at least 1000 are there".to_owned();
        assert_eq!(verdict(&idle, &found()), (Verdict::Untrusted, reason));
        assert_eq!(verdict(&Ok(Seen::default()), &found()).0, Verdict::Untrusted);
    }

    #[test]
    fn a_canary_that_broke_was_not_found() {
        let broke: Look = Err(Trouble::Broke("no report".into()));
        let canary = canary(Some(&broke), &["A"]);
        assert_eq!(canary, Canary::Missed(vec!["it broke: no report".into()]));
        assert_eq!(verdict(&seen(&[]), &canary).0, Verdict::Untrusted);
    }

    #[test]
    fn a_canary_that_could_not_be_planted_is_no_pass_and_hides_no_finding() {
        let none: Look = Err(Trouble::NoData("the registry does not answer".into()));
        let canary = canary(Some(&none), &["A"]);
        let reason = "no planted defect: the registry does not answer".to_owned();
        assert_eq!(verdict(&seen(&[]), &canary), (Verdict::NotRun, reason));
        assert_eq!(verdict(&seen(&["X"]), &canary).0, Verdict::Fail);
    }

    #[test]
    fn outdated_data_is_no_pass_and_hides_no_finding() {
        let outdated = |findings: &[&str]| -> Look {
            Ok(Seen {
                outdated: Some("a database of last year".to_owned()),
                ..seen(findings)?
            })
        };
        let judged = judge(&outdated(&[]), &found());
        assert_eq!((judged.verdict, judged.lack), (Verdict::NotRun, Some(Lack::Data)));
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
        for (trouble, verdict, lack) in [
            (Trouble::NoTool("no x".into()), Verdict::NotRun, Some(Lack::Tool)),
            (
                Trouble::NoFiles("no *.tf".into()),
                Verdict::NotRun,
                Some(Lack::Files),
            ),
            (
                Trouble::NoData("no database".into()),
                Verdict::NotRun,
                Some(Lack::Data),
            ),
            (Trouble::Stopped, Verdict::NotRun, Some(Lack::Time)),
            (Trouble::Broke("nonsense".into()), Verdict::Fail, None),
            (Trouble::Late(Duration::from_secs(9)), Verdict::Fail, None),
        ] {
            let judged = judge(&Err(trouble), &found());
            assert_eq!((judged.verdict, judged.lack), (verdict, lack));
        }
    }
}

//! The report for programs that show tests (`junit.xml`) and for GitHub's list of steps (`summary.md`).

use anyhow::{Context as _, Result};
use askama::Template;

use crate::outcome::{Canary, Outcome, Verdict};
use crate::report::document::Document;
use crate::report::format;
use crate::report::merge::{Defect, Status};
use crate::scan_result::Test;

/// A summary is for a glance; GitHub takes 1 MiB.
const SHOWN: usize = 25;

#[derive(Template)]
#[template(path = "report/junit.xml", escape = "html")]
struct Junit<'a> {
    project: &'a str,
    seconds: String,
    gates: Vec<Case<'a>>,
    gates_failed: usize,
    gates_skipped: usize,
    suites: Vec<Suite<'a>>,
}

struct Case<'a> {
    name: &'a str,
    class: &'a str,
    seconds: String,
    failure: Option<String>,
    skipped: Option<String>,
    said: String,
}

struct Suite<'a> {
    name: &'a str,
    tests: &'a [Test],
    failed: usize,
    skipped: usize,
}

/// `junit.xml`: the gates as one suite, the tests of each gate as one more.
pub fn junit(document: &Document, project: &str) -> Result<String> {
    let gates = &document.run.gates;
    let cases: Vec<Case<'_>> = gates.iter().map(Case::of).collect();
    let suite = |gate: &'_ Outcome| -> (usize, usize) {
        let number = |word: &str| gate.tests.iter().filter(|test| test.outcome == word).count();
        let (passed, skipped) = (number("passed"), number("skipped"));
        (gate.tests.len() - passed - skipped, skipped)
    };
    let junit = Junit {
        project,
        seconds: format!("{:.3}", document.run.seconds),
        gates_failed: cases.iter().filter(|case| case.failure.is_some()).count(),
        gates_skipped: cases.iter().filter(|case| case.skipped.is_some()).count(),
        gates: cases,
        suites: gates
            .iter()
            .filter(|gate| !gate.tests.is_empty())
            .map(|gate| Suite {
                name: &gate.id,
                tests: &gate.tests,
                failed: suite(gate).0,
                skipped: suite(gate).1,
            })
            .collect(),
    };
    junit.render().context("cannot make junit.xml")
}

impl<'a> Case<'a> {
    fn of(gate: &'a Outcome) -> Case<'a> {
        let told = format!("{}: {}", format::word(gate.verdict), gate.reason);
        // JUnit knows no more words: what fails the run is a failure, also a gate that did not run.
        let (failure, skipped) = match (gate.fatal, gate.verdict) {
            (true, _) | (false, Verdict::Fail | Verdict::Untrusted) => (Some(told.clone()), None),
            (false, Verdict::NotRun) => (None, Some(told.clone())),
            (false, Verdict::Pass | Verdict::Waived) => (None, None),
        };
        Case {
            name: &gate.id,
            class: "gate",
            seconds: format!("{:.3}", gate.seconds),
            failure,
            skipped,
            said: format!("{told}; canary {}", canary(gate)),
        }
    }
}

#[derive(Template)]
#[template(path = "report/summary.md", escape = "none")]
struct Summary {
    word: &'static str,
    commit: String,
    differ: usize,
    profile: &'static str,
    when: String,
    took: String,
    gates: Vec<[String; 5]>,
    open: Vec<[String; 4]>,
    more: usize,
    waived: usize,
    databases: Vec<String>,
    left_out: String,
    warnings: Vec<String>,
}

/// `summary.md`.
pub fn summary(document: &Document) -> Result<String> {
    let run = &document.run;
    let of_status = |status: Status| {
        let findings = document.findings.iter();
        findings.filter(move |defect| defect.status == status)
    };
    let mut databases: Vec<String> = run
        .gates
        .iter()
        .flat_map(|gate| &gate.databases)
        .map(|database| {
            let age = format::age(format::days_before(&database.date, &run.began));
            markdown(&format!(
                "{} of {}, {age}",
                database.name,
                format::day(&database.date)
            ))
        })
        .collect();
    databases.sort();
    databases.dedup();
    let mut gates: Vec<&Outcome> = run.gates.iter().collect();
    gates.sort_by_key(|gate| !gate.fatal);
    let summary = Summary {
        word: match run.verdict {
            Verdict::Pass => "passed",
            _ => "failed",
        },
        commit: markdown(&format::short(&run.commit)),
        differ: run.changed.len(),
        profile: format::profile(run.profile),
        when: format::when(&run.began),
        took: format::took(run.seconds),
        gates: gates.into_iter().map(row).collect(),
        open: of_status(Status::Open).take(SHOWN).map(finding).collect(),
        more: of_status(Status::Open).count().saturating_sub(SHOWN),
        waived: of_status(Status::Waived).count(),
        databases,
        left_out: markdown(&run.left_out.join(", ")),
        warnings: run.warnings.iter().map(|line| markdown(line)).collect(),
    };
    summary.render().context("cannot make summary.md")
}

fn row(gate: &Outcome) -> [String; 5] {
    let sign = match gate.verdict {
        Verdict::Pass => "✅ pass",
        Verdict::Waived => "🏳️ waived",
        Verdict::NotRun => "➖ not run",
        Verdict::Untrusted => "❔ untrusted",
        Verdict::Fail => "❌ fail",
    };
    let fatal = if gate.fatal { " (fails the run)" } else { "" };
    let tools: Vec<String> = gate
        .tools
        .iter()
        .map(|tool| format!("{} {}", tool.name, tool.version))
        .collect();
    [
        format!("{sign}{fatal}"),
        markdown(&gate.id),
        markdown(&canary(gate)),
        markdown(&gate.reason),
        markdown(&tools.join(", ")),
    ]
}

fn finding(defect: &Defect) -> [String; 4] {
    let place = defect
        .location
        .as_ref()
        .map_or(String::new(), |location| match location.line {
            Some(line) => format!("{}:{line}", location.path),
            None => location.path.clone(),
        });
    let severity = serde_json::to_value(defect.severity).unwrap_or_default();
    let place = match place.is_empty() {
        true => defect.package.clone().unwrap_or_default(),
        false => place,
    };
    [
        severity.as_str().unwrap_or_default().to_owned(),
        markdown(&defect.rule),
        markdown(&defect.message),
        markdown(&place),
    ]
}

fn canary(gate: &Outcome) -> String {
    match &gate.canary {
        Canary::Found(rules) => format!("found: {}", rules.join(", ")),
        Canary::Missed(rules) => format!("missed: {}", rules.join(", ")),
        Canary::NotPlanted(why) => format!("could not be planted: {why}"),
        Canary::None => "none planted".to_owned(),
    }
}

/// Text of a tool as text in a table of GitHub's Markdown: no mark-up, no mention of a person, no link, one short line. No
/// control character is left in it, so that two of them can stand for what makes a link.
fn markdown(text: &str) -> String {
    let mut clean = String::new();
    let short: String = text.chars().take(300).collect();
    let short = short.replace("://", "\u{0}//").replace("www.", "www\u{1}");
    for letter in short.chars() {
        match letter {
            '\n' | '\t' => clean.push(' '),
            '&' => clean.push_str("&amp;"),
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            // A backslash does not keep GitHub from making links of these.
            '\u{0}' => clean.push_str("&#58;"),
            '\u{1}' => clean.push_str("&#46;"),
            '@' => clean.push_str("&#64;"),
            '#' => clean.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '~' | '$' => {
                clean.push('\\');
                clean.push(letter);
            }
            letter => clean.push(letter),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tools_text_is_text_in_markdown() {
        let text = "a|b <img src=x> [x](https://e.org) @ann #1\nb `c` $d$";
        let clean = r"a\|b &lt;img src=x&gt; \[x\]\(https&#58;//e.org\) &#64;ann &#35;1 b \`c\` \$d\$";
        assert_eq!(markdown(text), clean);
    }
}

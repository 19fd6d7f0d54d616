//! Gate `tidy`: the repository's own rules.

pub mod settings;

use crate::config;
use crate::definition::Gate;
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

pub const GATE: Gate = Gate {
    id: "tidy",
    title: "The tree follows the repository's own rules",
    resources: ResourceClass::Cargo,
    required_from: GateProfile::Local,
    scan,
    expects_configured: |config| {
        let rules = config.rules.as_ref();
        rules.map_or(&[], |rules| rules.canary_violations.as_slice())
    },
    ..Gate::DEFAULT
};

/// The program prints each violation as `path:line: rule: what`, and at the end how much it checked.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let rules = config::needed(ctx.config().rules.as_ref(), "rules")?;
    let tree = ctx.subject.display().to_string();
    let command = rules.command.command(ctx.context(), &[("tree", &tree)]);
    let output = ctx.run(&command, "tidy")?;
    let (result, count) = read(&output.stdout, rules.canary_violations.len() as u64)
        .ok_or_else(|| output.failed("no closing line"))?;
    let listed = result.findings.len();
    output.ensure(
        count == listed as u64,
        &format!("{count} findings counted, {listed} listed"),
    )?;
    Ok(result)
}

/// The parsed output, and the number of findings that its last line reports.
fn read(text: &str, min_rules: u64) -> Option<(ScanResult, u64)> {
    let (mut findings, mut end) = (Vec::new(), None);
    for line in text.lines() {
        match line.strip_prefix("tidy: ") {
            Some(counts) => end = Some(counts),
            None => findings.extend(finding(line)),
        }
    }
    let counts = end?.split(", ");
    let mut counts = counts.map(|part| part.split(' ').next()?.parse::<u64>().ok());
    let (files, rules, count) = (counts.next()??, counts.next()??, counts.next()??);
    let result = ScanResult::of(findings)
        .with_work(files, "files", 1)
        .with_work(rules, "rules", min_rules);
    Some((result, count))
}

fn finding(line: &str) -> Option<Finding> {
    let (location, rest) = line.split_once(": ")?;
    let (rule, what) = rest.split_once(": ")?;
    let (path, line) = location.rsplit_once(':')?;
    let line = line.parse().ok()?;
    let finding = Finding::new("tidy", rule, what).rated(Severity::Low);
    Some(finding.at(path, Some(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_and_counts_are_read() {
        let text = "a/b.rs:7: shape: 301 lines: too many\ntidy: 12 files, 11 rules, 1 findings\n";
        let (result, count) = read(text, 1).unwrap();
        assert_eq!((result.findings.len(), count), (1, 1));
        let finding = &result.findings[0];
        assert_eq!(
            (finding.rule.as_str(), finding.message.as_str()),
            ("shape", "301 lines: too many")
        );
        assert_eq!(finding.line(), Some(7));
        assert_eq!((result.work[0].count, result.work[1].count), (12, 11));
        let incomplete = read("a/b.rs:7: shape: x\n", 1);
        assert!(incomplete.is_none(), "the last line is missing");
    }
}

//! Gate `tidy`: the repository's own rules, checked by `tidy`.

use crate::config;
use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "tidy",
    title: "The tree keeps the repository's own laws",
    tools: &[],
    after: &[],
    resources: ResourceClass::Cargo,
    timeout: minutes(10),
    required_from: GateProfile::Local,
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "tidy",
        prepare: as_it_is,
        expects: |config| {
            let rules = config.rules.iter().flat_map(|rules| &rules.canary_violations);
            rules.map(String::as_str).collect()
        },
    }),
};

/// It prints each finding as `path:line: rule: what`, and at the end how much it checked.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let rules = config::needed(ctx.config().rules.as_ref(), "rules")?;
    let tree = ctx.subject.display().to_string();
    let command = config::command(ctx.context(), &rules.command, &[("tree", &tree)]);
    let output = ctx.run(&command, "tidy")?;
    let (result, count) = read(&output.stdout, rules.canary_violations.len() as u64)
        .ok_or_else(|| output.failed("no closing line"))?;
    if count != result.findings.len() as u64 {
        let parsed = result.findings.len();
        return Err(output.failed(&format!("{count} findings reported, {parsed} parsed")));
    }
    Ok(result)
}

/// The parsed output, and the number of findings that its last line reports.
fn read(text: &str, least: u64) -> Option<(ScanResult, u64)> {
    let (mut findings, mut end) = (Vec::new(), None);
    for line in text.lines() {
        match line.strip_prefix("tidy: ") {
            Some(counts) => end = Some(counts),
            None => findings.extend(finding(line)),
        }
    }
    let mut counts = end?
        .split(", ")
        .map(|part| part.split(' ').next()?.parse::<u64>().ok());
    let (files, rules, count) = (counts.next()??, counts.next()??, counts.next()??);
    let result = ScanResult {
        findings,
        ..ScanResult::default()
    };
    Some((
        result
            .with_work(files, "files", 1)
            .with_work(rules, "rules", least),
        count,
    ))
}

fn finding(line: &str) -> Option<Finding> {
    let (place, rest) = line.split_once(": ")?;
    let (rule, what) = rest.split_once(": ")?;
    let (path, line) = place.rsplit_once(':')?;
    let line = line.parse().ok()?;
    Some(
        Finding::new("tidy", rule, what)
            .rated(Severity::Low)
            .at(path, Some(line)),
    )
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
        assert_eq!(finding.location.as_ref().unwrap().line, Some(7));
        assert_eq!((result.work[0].count, result.work[1].count), (12, 11));
        assert!(
            read("a/b.rs:7: shape: x\n", 1).is_none(),
            "without its last line the output is incomplete"
        );
    }
}

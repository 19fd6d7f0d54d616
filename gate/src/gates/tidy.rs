//! Gate `tidy`: the repository's own rules, checked by `tidy`.

use harness::process::command::Call;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::finding::{Finding, Severity};
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen};
use crate::scheduler::Takes;

/// The row.
pub const GATE: Gate = Gate {
    id: "tidy",
    title: "The tree keeps the repository's own laws",
    tools: &[],
    after: &[],
    takes: Takes::Cargo,
    limit: minutes(10),
    needed: Profile::Local,
    inputs: whole_tree,
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "tidy",
        prepare: as_it_is,
        expects: &[
            "layers",
            "circles",
            "orphans",
            "shape",
            "names",
            "listed",
            "readmes",
            "nouns",
            "home_paths",
            "pins",
            "paths",
        ],
    }),
};

/// It prints each finding as `path:line: law: what`, and at the end how much it has looked at.
fn look(job: &Job<'_>) -> Look {
    let call = Call::cargo(job.context())
        .args(["run", "--quiet", "--package", "tidy", "--", "--root"])
        .args([&job.subject]);
    let said = job.run(&call, "tidy")?;
    let (seen, told) = read(&said.stdout).ok_or_else(|| said.broke("no closing line"))?;
    if told != seen.findings.len() as u64 {
        return Err(said.broke(&format!("{told} findings told, {} read", seen.findings.len())));
    }
    Ok(seen)
}

/// What it said, and how many findings it counted itself.
fn read(text: &str) -> Option<(Seen, u64)> {
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
    let (files, laws, told) = (counts.next()??, counts.next()??, counts.next()??);
    let seen = Seen {
        findings,
        ..Seen::default()
    };
    Some((
        seen.looked_at(files, "files", 1).looked_at(laws, "laws", 11),
        told,
    ))
}

fn finding(line: &str) -> Option<Finding> {
    let (place, rest) = line.split_once(": ")?;
    let (law, what) = rest.split_once(": ")?;
    let (path, line) = place.rsplit_once(':')?;
    let line = line.parse().ok()?;
    Some(
        Finding::new("tidy", law, what)
            .rated(Severity::Low)
            .at(path, Some(line)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_and_counts_are_read() {
        let text = "a/b.rs:7: shape: 301 lines: too many\ntidy: 12 files, 11 laws, 1 findings\n";
        let (seen, told) = read(text).unwrap();
        assert_eq!((seen.findings.len(), told), (1, 1));
        let finding = &seen.findings[0];
        assert_eq!(
            (finding.rule.as_str(), finding.message.as_str()),
            ("shape", "301 lines: too many")
        );
        assert_eq!(finding.location.as_ref().unwrap().line, Some(7));
        assert_eq!((seen.work[0].count, seen.work[1].count), (12, 11));
        assert!(read("a/b.rs:7: shape: x\n").is_none(), "it died before its end");
    }
}

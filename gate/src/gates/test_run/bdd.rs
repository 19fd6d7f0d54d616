//! Gate `bdd`: every scenario of the features, over HTTP against the real service.

use harness::process::command::Command;
use harness::test_results::counts::Counts;
use harness::test_results::record::Part;
use stack::commands::bdd;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::gates::test_run;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::scheduler::ResourceClass;

/// There were so many in November 2026. Who removes scenarios says it here.
const LEAST: u64 = 480;

/// The row.
pub const GATE: Gate = Gate {
    id: "bdd",
    title: "Every scenario of the features passes",
    tools: &[],
    after: &[],
    resources: ResourceClass::Exclusive,
    timeout: minutes(60),
    required_from: GateProfile::Local,
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "bdd",
        prepare: as_it_is,
        expects: &[
            "Planted: somebody answers where nobody serves",
            "Planted: a step that nobody defined",
        ],
    }),
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    match ctx.planted {
        false => test_run::seen(&test_run::record(ctx)?.scenarios, "features", "scenarios", LEAST),
        true => test_run::seen(&planted(ctx)?, "features", "scenarios", 1),
    }
}

/// The features' own program over scenarios that cannot pass: nobody serves where they ask.
fn planted(ctx: &ScanContext<'_>) -> Result<Part, ScanError> {
    let report = ctx.folder.join("scenarios.jsonl");
    let command = Command::cargo(ctx.context())
        .args(bdd::PROGRAM)
        .args([
            "--base-url",
            "http://127.0.0.1:9",
            "--internal-url",
            "http://127.0.0.1:9",
        ])
        .args(["--report".as_ref(), report.as_os_str()])
        .args(["--input".into(), ctx.subject.join("*.feature").into_os_string()]);
    let output = ctx.run(&command, "features")?;
    let mut counts = Counts::default();
    output.stdout.lines().for_each(|line| counts.read(line));
    Ok(Part {
        counts,
        cases: bdd::scenarios_in(&report)?,
        problems: Vec::new(),
    })
}

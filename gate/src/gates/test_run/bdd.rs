//! Gate `bdd`: every scenario of the features, over HTTP against the real service.

use harness::test_results::counts::Counts;
use harness::test_results::record::Part;
use harness::test_results::scenarios;

use crate::config;
use crate::definition::{Gate, Planted, as_it_is, files_only, minutes, whole_tree};
use crate::gates::test_run;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::scheduler::ResourceClass;

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
        expects: |_| {
            vec![
                "Planted: somebody answers where nobody serves",
                "Planted: a step that nobody defined",
            ]
        },
    }),
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    match ctx.planted {
        false => test_run::seen(
            &test_run::record(ctx)?.scenarios,
            "features",
            "scenarios",
            test_run::tests(ctx)?.min_scenarios,
        ),
        true => test_run::seen(&planted(ctx)?, "features", "scenarios", 1),
    }
}

/// The features' own program over scenarios that cannot pass: nobody serves where they ask.
fn planted(ctx: &ScanContext<'_>) -> Result<Part, ScanError> {
    let report = ctx.folder.join("scenarios.jsonl");
    let values = [
        ("report", report.display().to_string()),
        ("tree", ctx.subject.display().to_string()),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let command = config::command(ctx.context(), &test_run::tests(ctx)?.canary_scenarios, &values);
    let output = ctx.run(&command, "features")?;
    let mut counts = Counts::default();
    output.stdout.lines().for_each(|line| counts.read(line));
    Ok(Part {
        counts,
        cases: scenarios::read(&report)?,
        problems: Vec::new(),
    })
}

//! Gate `bdd`: every scenario of the features, over HTTP against the running service.

use harness::test_results::counts::Counts;
use harness::test_results::record::{self, Part};

use crate::definition::{Gate, minutes};
use crate::gates::test_run;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};
use crate::scheduler::ResourceClass;

pub const GATE: Gate = Gate {
    id: "bdd",
    title: "Every scenario of the features passes",
    resources: ResourceClass::Exclusive,
    timeout: minutes(60),
    required_from: GateProfile::Local,
    scan,
    expects: &[
        "Planted: a response where no service listens",
        "Planted: an undefined step",
    ],
    ..Gate::DEFAULT
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let min = test_run::config(ctx)?.min_scenarios;
    let part = if ctx.planted {
        planted(ctx)?
    } else {
        test_run::record(ctx)?.scenarios
    };
    test_run::result(ctx, &part, "features", "scenarios", min)
}

/// Runs scenarios that cannot pass: no service listens where they connect.
fn planted(ctx: &ScanContext<'_>) -> Result<Part, ScanError> {
    let report = ctx.folder.join("scenarios.jsonl");
    let (report_path, tree) = (report.display().to_string(), ctx.subject.display().to_string());
    let values = [("report", report_path.as_str()), ("tree", &tree)];
    let program = &test_run::config(ctx)?.canary_scenarios;
    let output = ctx.run(&program.command(ctx.context(), &values), "features")?;
    let mut counts = Counts::default();
    output.stdout.lines().for_each(|line| counts.read(line));
    Ok(Part {
        counts,
        cases: record::read_scenarios(&report)?,
        problems: Vec::new(),
    })
}

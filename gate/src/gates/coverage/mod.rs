//! Gate `coverage`: of each module of the program, tests run enough lines.

mod llvm;
mod report;

use std::collections::BTreeMap;

use harness::process::interactive::Interactive;
use harness::test_results::counts::Counts;

use crate::canaries::canary_crate;
use crate::config::{self, Coverage};
use crate::definition::{Gate, Planted, files_only, minutes, whole_tree};
use crate::finding::{Finding, Severity};
use crate::gates::workspace;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

const TOOL: &str = "cargo-llvm-cov";

/// The row.
pub const GATE: Gate = Gate {
    id: "coverage",
    title: "Tests run enough lines of every module of the program",
    tools: &[TOOL],
    after: &[],
    resources: ResourceClass::Exclusive,
    timeout: minutes(60),
    required_from: GateProfile::Pipeline,
    inputs: whole_tree,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "coverage",
        prepare: canary_crate::with_our_lints,
        expects: |_| vec!["src/forgotten"],
    }),
};

/// Coverage is of lines that ran, so that a test that fails only because everything is slower does not end it; but enough
/// of them must have run.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let command = ctx.tool(TOOL)?.current_dir(workspace::root(ctx));
    let programs = llvm::variables(ctx)?;
    let settings = config::needed(ctx.config().coverage.as_ref(), "coverage")?;
    let (folder, min_tests, min_modules) = if ctx.planted {
        ("src", 1, 2)
    } else {
        (settings.folder.as_str(), settings.min_tests, settings.min_modules)
    };
    let report = ctx.folder.join("coverage.json");
    let mut command = command
        .args(["llvm-cov", "test", "--lib", "--ignore-run-fail"])
        .args(["--json", "--summary-only", "--output-path"])
        .args([report.clone()])
        .envs(programs);
    let _environment;
    if ctx.planted {
        command = command.envs([("CARGO_TARGET_DIR", ctx.folder.join("target"))]);
    } else {
        let started = environment(ctx, settings)?;
        command = command
            .args(&settings.arguments)
            .args(workspace::features(ctx)?)
            .envs(started.1);
        _environment = started.0;
    }
    let output = ctx.run(&command, TOOL)?;
    let mut counts = Counts::default();
    output.stdout.lines().for_each(|line| counts.read(line));
    let json = ctx
        .read_report("coverage.json")
        .map_err(|_| output.failed("no report"))?;
    let source = workspace::root(ctx).join(folder);
    let modules = report::modules(&json, &source, &settings.never_run).map_err(|why| output.failed(&why))?;
    let low = modules
        .iter()
        .filter(|(_, lines)| lines.percent() < settings.min_percent);
    let low = low.map(|(name, lines)| {
        let message = format!("{:.1} % of {} lines are tested", lines.percent(), lines.count);
        let place = format!("{folder}/{name}");
        Finding::new(TOOL, &place, message)
            .rated(Severity::Medium)
            .at(place, None)
    });
    let figure = |(name, lines): (&String, &report::Lines)| Figure {
        name: name.clone(),
        value: lines.percent(),
        unit: "%".to_owned(),
    };
    let mut seen = ScanResult {
        findings: low.collect(),
        figures: modules.iter().map(figure).collect(),
        files: vec![report],
        ..ScanResult::default()
    };
    if !ctx.planted {
        let tables = settings.never_run.join(", ");
        seen.limits
            .push(format!("tables that the compiler evaluates: {tables}"));
    }
    if counts.failed > 0 {
        seen.limits.push(format!(
            "{} tests failed while coverage was measured",
            counts.failed
        ));
    }
    Ok(seen
        .with_work(modules.len() as u64, "modules", min_modules)
        .with_work(counts.passed, "tests", min_tests))
}

/// What the tests need to run: it ends with the first value.
fn environment(
    ctx: &ScanContext<'_>,
    settings: &Coverage,
) -> Result<(Interactive, BTreeMap<String, String>), ScanError> {
    let (started, line) = ctx.start(
        &config::command(ctx.context(), &settings.environment, &[]),
        "environment",
    )?;
    let variables = serde_json::from_str(&line)
        .map_err(|error| ScanError::DataUnavailable(format!("no environment for the tests: {error}")))?;
    Ok((started, variables))
}

//! Gate `coverage`: the share of lines of each module of the program that tests run.

mod llvm;
mod report;
pub mod settings;

use std::collections::BTreeMap;

use harness::process::interactive::Interactive;
use harness::test_results::counts::Counts;

use crate::canaries::canary_crate;
use crate::cargo::workspace;
use crate::config;
use crate::definition::{Gate, minutes};
use crate::finding::Finding;
use crate::gates::coverage::settings::Coverage;
use crate::scan_context::ScanContext;
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

const TOOL: &str = "cargo-llvm-cov";

pub const GATE: Gate = Gate {
    id: "coverage",
    title: "Tests run enough lines of every module of the program",
    tools: &[TOOL],
    resources: ResourceClass::Exclusive,
    timeout: minutes(60),
    scan,
    prepare: canary_crate::with_our_lints,
    expects: &["src/forgotten"],
    ..Gate::DEFAULT
};

/// A failed test does not end the scan: everything is slower under measurement. But enough tests must pass.
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
        let (started, variables) = environment(ctx, settings)?;
        command = command
            .args(&settings.arguments)
            .args(workspace::features(ctx)?)
            .envs(variables);
        _environment = started;
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
        .filter(|(_, lines)| lines.percent() < settings.min_percent)
        .map(|(name, lines)| {
            let message = format!("{:.1} % of {} lines are tested", lines.percent(), lines.count);
            let path = format!("{folder}/{name}");
            Finding::new(TOOL, &path, message).at(path, None)
        });
    let mut result = ScanResult::of(low)
        .with_work(modules.len() as u64, "modules", min_modules)
        .with_work(counts.passed, "tests", min_tests);
    result.figures.extend(modules.iter().map(|(name, lines)| Figure {
        name: name.clone(),
        value: lines.percent(),
        unit: "%".to_owned(),
    }));
    result.files.push(report);
    if !ctx.planted {
        let excluded = settings.never_run.join(", ");
        let limit = format!("excluded, because the compiler evaluates them: {excluded}");
        result.limits.push(limit);
    }
    if counts.failed > 0 {
        let limit = format!("{} tests failed during the measurement", counts.failed);
        result.limits.push(limit);
    }
    Ok(result)
}

/// Starts what the tests need, which ends when the first value is dropped, and returns their environment.
fn environment(
    ctx: &ScanContext<'_>,
    settings: &Coverage,
) -> Result<(Interactive, BTreeMap<String, String>), ScanError> {
    let command = settings.environment.command(ctx.context(), &[]);
    let (started, line) = ctx.start(&command, "environment")?;
    let variables = serde_json::from_str(&line)
        .map_err(|error| ScanError::DataUnavailable(format!("no environment for the tests: {error}")))?;
    Ok((started, variables))
}

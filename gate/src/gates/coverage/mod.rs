//! Gate `coverage`: of each module of the service, tests run at least 60 % of the lines.

mod llvm;
mod report;

use harness::exit::Exit;
use harness::test_results::counts::Counts;
use stack::postgres::Choice;
use stack::postgres::test_server::TestPostgres;

use crate::canaries::canary_crate;
use crate::definition::{Gate, Planted, files_only, minutes, whole_tree};
use crate::finding::{Finding, Severity};
use crate::gates::workspace;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

const TOOL: &str = "cargo-llvm-cov";
const LEAST_PERCENT: f64 = 60.0;

/// Modules that nothing of runs: tables that the compiler evaluates.
const NEVER_RUN: [&str; 2] = ["config/setting_names", "db/schema"];

/// The row.
pub const GATE: Gate = Gate {
    id: "coverage",
    title: "Tests run at least 60 % of the lines of every module of the service",
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
        expects: &["src/forgotten"],
    }),
};

/// Coverage is of lines that ran, so that a test that fails only because everything is slower does not end it; but enough
/// of them must have run.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let command = ctx.tool(TOOL)?.current_dir(workspace::root(ctx));
    let programs = llvm::variables(ctx)?;
    let (source, path, least_tests, least_modules) = match ctx.planted {
        true => ("src", "src", 1, 2),
        false => ("service/src", "service/src", 400, 60),
    };
    let report = ctx.folder.join("coverage.json");
    let mut command = command
        .args(["llvm-cov", "test", "--lib", "--ignore-run-fail"])
        .args(["--json", "--summary-only", "--output-path"])
        .args([report.clone()])
        .envs(programs);
    let postgres;
    if ctx.planted {
        command = command.envs([("CARGO_TARGET_DIR", ctx.folder.join("target"))]);
    } else {
        postgres = start_postgres(ctx)?;
        // Without `isolated`, which measures time.
        command = command
            .args(["--package", "portcullis", "--bins", "--test", "it"])
            .args(workspace::features(ctx)?)
            .envs(postgres.told(ctx.context()));
    }
    let output = ctx.run(&command, TOOL)?;
    let mut counts = Counts::default();
    output.stdout.lines().for_each(|line| counts.read(line));
    let json = ctx
        .read_report("coverage.json")
        .map_err(|_| output.failed("no report"))?;
    let source = workspace::root(ctx).join(source);
    let modules = report::modules(&json, &source, &NEVER_RUN).map_err(|why| output.failed(&why))?;
    let low = modules
        .iter()
        .filter(|(_, lines)| lines.percent() < LEAST_PERCENT);
    let low = low.map(|(name, lines)| {
        let message = format!("{:.1} % of {} lines are tested", lines.percent(), lines.count);
        let place = format!("{path}/{name}");
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
        let tables = NEVER_RUN.join(", ");
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
        .with_work(modules.len() as u64, "modules", least_modules)
        .with_work(counts.passed, "tests", least_tests))
}

fn start_postgres(ctx: &ScanContext<'_>) -> Result<TestPostgres, ScanError> {
    let choice = Choice::or_from(None, ctx.context())?;
    TestPostgres::start(ctx.context(), &choice).map_err(|error| match error.is::<Exit>() {
        true => ScanError::Stopped,
        false => ScanError::DataUnavailable(format!("{error:#}")),
    })
}

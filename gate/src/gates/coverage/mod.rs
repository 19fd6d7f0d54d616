//! Gate `coverage`: of each module of the service, tests run at least 60 % of the lines.

/// LLVM's programs.
mod llvm;

/// The coverage report.
mod report;

use harness::exit::Exit;
use harness::test_results::counts::Counts;
use stack::postgres::Choice;
use stack::postgres::test_server::TestPostgres;

use crate::canaries::canary_crate;
use crate::definition::{Gate, Planted, files_only, minutes, whole_tree};
use crate::finding::{Finding, Severity};
use crate::gates::workspace;
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Figure, Look, Seen, Trouble};
use crate::scheduler::Takes;

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
    takes: Takes::Machine,
    limit: minutes(60),
    needed: Profile::Pipeline,
    inputs: whole_tree,
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "coverage",
        prepare: canary_crate::with_our_lints,
        expects: &["src/forgotten"],
    }),
};

/// Coverage is of lines that ran, so that a test that fails only because everything is slower does not end it; but enough
/// of them must have run.
fn look(job: &Job<'_>) -> Look {
    let call = job.tool(TOOL)?.within(workspace::root(job));
    let programs = llvm::variables(job)?;
    let (source, path, least_tests, least_modules) = match job.planted {
        true => ("src", "src", 1, 2),
        false => ("service/src", "service/src", 400, 60),
    };
    let report = job.folder.join("coverage.json");
    let mut call = call
        .args(["llvm-cov", "test", "--lib", "--ignore-run-fail"])
        .args(["--json", "--summary-only", "--output-path"])
        .args([report.clone()])
        .envs(programs);
    let postgres;
    if job.planted {
        call = call.envs([("CARGO_TARGET_DIR", job.folder.join("target"))]);
    } else {
        postgres = start_postgres(job)?;
        // Without `isolated`, which measures time.
        call = call
            .args(["--package", "portcullis", "--bins", "--test", "it"])
            .args(workspace::features(job)?)
            .envs(postgres.told(job.context()));
    }
    let said = job.run(&call, TOOL)?;
    let mut counts = Counts::default();
    said.stdout.lines().for_each(|line| counts.read(line));
    let json = job.report("coverage.json").map_err(|_| said.broke("no report"))?;
    let source = workspace::root(job).join(source);
    let modules = report::modules(&json, &source, &NEVER_RUN).map_err(|why| said.broke(&why))?;
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
    let mut seen = Seen {
        findings: low.collect(),
        figures: modules.iter().map(figure).collect(),
        files: vec![report],
        ..Seen::default()
    };
    if !job.planted {
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
        .looked_at(modules.len() as u64, "modules", least_modules)
        .looked_at(counts.passed, "tests", least_tests))
}

fn start_postgres(job: &Job<'_>) -> Result<TestPostgres, Trouble> {
    let choice = Choice::or_from(None, job.context())?;
    TestPostgres::start(job.context(), &choice).map_err(|error| match error.is::<Exit>() {
        true => Trouble::Stopped,
        false => Trouble::NoData(format!("{error:#}")),
    })
}

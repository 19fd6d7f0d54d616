//! Gate `schemathesis`: generated requests; the running service must behave as its OpenAPI document says.

mod report;
pub mod settings;

use std::collections::{BTreeMap, BTreeSet};

use crate::config;
use crate::dast;
use crate::dast::schemathesis::report::Report;
use crate::dast::schemathesis::settings::Schemathesis;
use crate::dast::target::Target;
use crate::definition::{Gate, minutes};
use crate::scan_context::{DISAGREEMENT, ScanContext};
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "schemathesis",
    title: "The service behaves as its OpenAPI document says, whatever the request",
    tools: &["schemathesis"],
    timeout: minutes(6),
    inputs: |config, path| {
        let settings = config
            .schemathesis
            .as_ref()
            .map(|config| config.settings.as_str());
        dast::is_input(config, path) || Some(path) == settings
    },
    scan,
    canary: dast::CANARY,
    // Accepts requests without a token; fails; accepts what the document forbids.
    expects: &["ST401", "ST101", "ST203"],
    ..Gate::DEFAULT
};

/// Requests per operation in a run over one operation.
const FINAL_EXAMPLES: u32 = 10;

struct Run<'r> {
    name: &'r str,
    token: String,
    session: String,
    /// Requests per operation.
    examples: u32,
    only: Option<&'r str>,
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let config = config::needed(ctx.config().schemathesis.as_ref(), "schemathesis")?;
    let target = Target::start(ctx, "schemathesis", &[])?;
    let mut values = BTreeMap::new();
    for (name, line) in &config.values {
        values.insert(name.as_str(), target.value(line)?);
    }
    // All tokens first: after the first wrong password every client of this network has to wait.
    let mut runs = Vec::new();
    for run in &config.runs {
        runs.push(Run {
            name: &run.role,
            token: target.token(&run.role)?,
            session: "none".to_owned(),
            examples: run.examples,
            only: None,
        });
    }
    for last in &config.last {
        runs.push(Run {
            name: &last.operation,
            token: target.token(&last.role)?,
            session: target.session(&last.role)?,
            examples: FINAL_EXAMPLES,
            only: Some(&last.operation),
        });
    }
    let mut result = ScanResult::default();
    let (mut accepting, mut tested, mut requests) = (BTreeSet::new(), 0, 0);
    let all = target.document.count();
    for (index, run) in runs.iter().enumerate() {
        let report = run.run(ctx, config, &target, &values)?;
        result
            .findings
            .extend(report.findings(&format!("as {}", run.name)));
        accepting.extend(report.accepting().map(str::to_owned));
        requests += report.requests();
        if run.only.is_none() {
            target.ensure_valid(&run.token)?;
        }
        // The first run tests all operations but those with their own run.
        if index == 0 || run.only.is_some() {
            tested += report.tested();
        }
        if index == 0 && report.total() != all {
            let error = format!(
                "schemathesis read {} operations, the document has {all}",
                report.total()
            );
            return Err(ScanError::ToolFailed(error));
        }
        if ctx.planted {
            return Ok(result.with_work(tested, "operations", all));
        }
    }
    result.figures.push(Figure::count("generated requests", requests));
    let result = result.with_work(tested, "operations", all);
    Ok(with_accepting(result, &target, config, &accepting))
}

impl Run<'_> {
    /// Tokens are passed in the environment, since a process list shows arguments.
    fn run(
        &self,
        ctx: &ScanContext<'_>,
        config: &Schemathesis,
        target: &Target<'_>,
        values: &BTreeMap<&str, String>,
    ) -> Result<Report, ScanError> {
        let (json, junit) = (format!("{}.json", self.name), format!("{}.xml", self.name));
        let settings = ctx.context().settings.root.join(&config.settings);
        let admin = config.runs.first().map_or("", |run| &run.role);
        let mut command = ctx
            .tool("schemathesis")?
            .current_dir(&ctx.folder)
            .envs(values.iter().map(|(name, value)| (*name, value.as_str())))
            .envs([("TOKEN", self.token.as_str()), ("SESSION", &self.session)])
            .envs([("PASSWORD", target.password(admin)?)])
            .args(["--config-file".into(), settings.into_os_string()])
            .args(["run", &target.document_url(), "--checks", "all"])
            .args(["--seed", "1", "--max-examples", &self.examples.to_string()])
            .args(["--continue-on-failure", "--no-color", "--report", "json,junit"])
            .args(["--report-json-path", &json, "--report-junit-path", &junit]);
        match self.only {
            Some(only) => command = command.args(["--include-operation-id", only]),
            None => {
                for last in &config.last {
                    command = command.args(["--exclude-operation-id", &last.operation]);
                }
            }
        }
        let output = ctx.run(&command, self.name)?;
        // Exit codes: 0, 1 with findings, 2 if the service does not respond or the settings are invalid.
        output.ensure(matches!(output.code, 0 | 1), "no scan")?;
        let _for_readers = ctx.read_report(&junit)?;
        let report = Report::parse(&ctx.read_report(&json)?)?;
        output.ensure(report.findings("").is_empty() == (output.code == 0), DISAGREEMENT)?;
        Ok(report)
    }
}

/// The result with the number of operations that accepted a generated request, and the reasons of the others.
fn with_accepting(
    mut result: ScanResult,
    target: &Target<'_>,
    config: &Schemathesis,
    accepting: &BTreeSet<String>,
) -> ScanResult {
    let (mut count, mut expected) = (0, 0);
    for operation in &target.document.operations {
        let label = operation.label();
        let accepts = accepting.contains(&label);
        let reason = config.rejecting.iter().find(|one| one.operation == operation.id);
        if reason.is_none() {
            expected += 1;
            count += u64::from(accepts);
        }
        if !accepts {
            let needs = reason.map_or(String::new(), |one| format!(": it needs {}", one.needs));
            result
                .limits
                .push(format!("{label} rejected every generated request{needs}"));
        }
    }
    result.with_work(count, "operations that accept a generated request", expected)
}

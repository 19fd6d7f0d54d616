//! Gate `schemathesis`: the running service does what its OpenAPI document says, whatever it is sent.

mod report;

use std::collections::BTreeSet;

use crate::config::{self, Rejecting, Schemathesis};
use crate::dast::openapi::Operation;
use crate::dast::schemathesis::report::Report;
use crate::dast::target::Target;
use crate::definition::{Gate, minutes};
use crate::scan_context::ScanContext;
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "schemathesis",
    title: "The service does what its OpenAPI document says, whatever it is sent",
    tools: &["schemathesis"],
    timeout: minutes(6),
    inputs: |config, path| {
        let settings = config
            .schemathesis
            .as_ref()
            .map(|config| config.settings.as_str());
        crate::dast::matters(config, path) || Some(path) == settings
    },
    scan,
    canary: Some("bad-server"),
    expects: &["ST401", "ST101", "ST203"],
    ..Gate::DEFAULT
};

/// One run: its name, whose token, how many requests an operation, which operations.
struct Run<'r> {
    name: &'r str,
    token: &'r str,
    session: &'r str,
    examples: u32,
    only: Option<&'r str>,
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let config = config::needed(ctx.config().schemathesis.as_ref(), "schemathesis")?;
    let target = Target::start(ctx, "schemathesis", &[])?;
    let invited = target.invite()?;
    // Before the first wrong password: afterwards every client of this network has to wait.
    let mut whole = Vec::new();
    for run in &config.runs {
        whole.push((run, target.token(&run.role)?));
    }
    let mut last = Vec::new();
    for one in &config.last {
        last.push((
            one.operation.as_str(),
            target.token(&one.role)?,
            target.session(&one.role)?,
        ));
    }
    let mut seen = ScanResult::default();
    let (mut let_in, mut tested, mut cases) = (BTreeSet::new(), 0, 0);
    let mut took = |report: &Report, name: &str, seen: &mut ScanResult| {
        seen.findings.extend(report.findings(&format!("as {name}")));
        let_in.extend(report.let_in().map(str::to_owned));
        cases += report.cases();
    };
    for (number, (of, token)) in whole.into_iter().enumerate() {
        let run = Run {
            name: &of.role,
            token: &token,
            session: "none",
            examples: of.examples,
            only: None,
        };
        let report = run.run(ctx, config, &target, &invited)?;
        took(&report, &of.role, &mut seen);
        target.ensure_valid(&token)?;
        if number == 0 {
            tested = report.tested();
            same_document(&target, &report)?;
        }
        if ctx.planted {
            return Ok(seen.with_work(tested, "operations", target.document.count()));
        }
    }
    for (operation, token, session) in last {
        let run = Run {
            name: operation,
            token: &token,
            session: &session,
            examples: 10,
            only: Some(operation),
        };
        let report = run.run(ctx, config, &target, &invited)?;
        tested += report.tested();
        took(&report, operation, &mut seen);
    }
    seen.figures.push(Figure {
        name: "requests made up".to_owned(),
        value: cases as f64,
        unit: String::new(),
    });
    let (open, least) = open(&target, config, &let_in, &mut seen);
    let all = target.document.count();
    Ok(seen
        .with_work(tested, "operations", all)
        .with_work(open, "operations that let something in", least))
}

impl Run<'_> {
    /// The token goes by the environment: a process list shows arguments.
    fn run(
        &self,
        ctx: &ScanContext<'_>,
        config: &Schemathesis,
        target: &Target<'_>,
        invited: &str,
    ) -> Result<Report, ScanError> {
        let (json, junit) = (format!("{}.json", self.name), format!("{}.xml", self.name));
        let settings = ctx.context().settings.root.join(&config.settings);
        let mut command = ctx
            .tool("schemathesis")?
            .current_dir(&ctx.folder)
            .envs([
                ("TOKEN", self.token),
                ("SESSION", self.session),
                ("INVITED", invited),
            ])
            .envs([(
                "PASSWORD",
                target.password(config.runs.first().map_or("", |run| &run.role))?,
            )])
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
        // 0: nothing found; 1: found; 2: nobody answers, or the settings are no good.
        if !matches!(output.code, 0 | 1) {
            return Err(output.failed("schemathesis did not test"));
        }
        let _for_people = ctx.read_report(&junit)?;
        let report = Report::parse(&ctx.read_report(&json)?)?;
        match report.findings("").is_empty() == (output.code == 0) {
            true => Ok(report),
            false => Err(output.failed("its report and its exit code tell different things")),
        }
    }
}

/// It read the document that we read.
fn same_document(target: &Target<'_>, report: &Report) -> Result<(), ScanError> {
    match report.total() == target.document.count() {
        true => Ok(()),
        false => Err(ScanError::ToolFailed(format!(
            "it read {} operations, the document has {}",
            report.total(),
            target.document.count()
        ))),
    }
}

/// How many operations took a made-up request, how many should, and why the others did not.
fn open(
    target: &Target<'_>,
    config: &Schemathesis,
    let_in: &BTreeSet<String>,
    seen: &mut ScanResult,
) -> (u64, u64) {
    let why = |operation: &&Operation| config.rejecting.iter().find(|one| one.operation == operation.id);
    let operations = &target.document.operations;
    for operation in operations
        .iter()
        .filter(|operation| !let_in.contains(&operation.label()))
    {
        let label = operation.label();
        seen.limits.push(match why(&operation) {
            Some(Rejecting { needs, .. }) => {
                format!("{label} only refused what was made up: it wants {needs}")
            }
            None => format!("{label} only refused what was made up"),
        });
    }
    let should = operations.iter().filter(|operation| why(operation).is_none());
    let open = should
        .clone()
        .filter(|operation| let_in.contains(&operation.label()));
    (open.count() as u64, should.count() as u64)
}

//! Gate `schemathesis`: the running service does what its OpenAPI document says, whatever it is sent.

mod report;

use std::collections::BTreeSet;

use harness::http_client::Request;
use serde::Deserialize;

use crate::dast::openapi::Operation;
use crate::dast::schemathesis::report::Report;
use crate::dast::target::Target;
use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The settings, for runs by hand too.
const SETTINGS: &str = "features/schemathesis.toml";

/// Each ends the session, or the account, that it is asked with, so it has a run and a person of its own.
const LAST: [(&str, &str); 4] = [
    ("endSession", "user"),
    ("logOut", "user"),
    ("logOutEverywhere", "user"),
    ("deleteOwnAccount", "ingest"),
];

/// Operations that no made-up request gets through, with what they would need. They are tested like all others; it is what
/// they refuse that is looked at.
const CLOSED: [(&str, &str); 14] = [
    ("confirmAccount", MAIL),
    ("resetPassword", MAIL),
    ("acceptInvitation", MAIL),
    ("proveNewAddress", MAIL),
    ("logIn", "somebody's password"),
    (
        "getToken",
        "somebody's password, which is given and not counted among the made-up ones",
    ),
    ("refresh", "a refresh token, which counts once"),
    ("startSecondFactor", PASSWORD),
    ("confirmSecondFactor", PASSWORD),
    ("removeSecondFactor", PASSWORD),
    ("renewRecoveryCodes", PASSWORD),
    ("updateUser", VERSION),
    ("updateWish", VERSION),
    ("restoreUser", "somebody who was deleted a moment ago"),
];
const MAIL: &str = "a token out of a mail, which counts once";
const PASSWORD: &str = "the password again, or a code of this half minute";
const VERSION: &str = "the version of this moment in If-Match";

/// The row.
pub const GATE: Gate = Gate {
    id: "schemathesis",
    title: "The service does what its OpenAPI document says, whatever it is sent",
    tools: &["schemathesis"],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(6),
    required_from: GateProfile::Pipeline,
    inputs: |path| crate::dast::matters(path) || path == SETTINGS,
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "bad-server",
        prepare: as_it_is,
        // Lets in without a token; breaks; takes what the document does not allow.
        expects: &["ST401", "ST101", "ST203"],
    }),
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
    let target = Target::start(ctx, "schemathesis", &[])?;
    let invited = invite(&target)?;
    // Before the first wrong password: afterwards whoever comes from this network has to wait.
    let mut others = Vec::new();
    for role in ["admin", "user"] {
        others.push((role, target.token(role)?));
    }
    let mut last = Vec::new();
    for (operation, role) in LAST {
        let (beside, token) = (target.token(role)?, target.token(role)?);
        last.push((operation, token, session(&target, &beside)?));
    }
    let mut seen = ScanResult::default();
    let (mut let_in, mut tested, mut cases) = (BTreeSet::new(), 0, 0);
    let mut took = |report: &Report, name: &str, seen: &mut ScanResult| {
        seen.findings.extend(report.findings(&format!("as {name}")));
        let_in.extend(report.let_in().map(str::to_owned));
        cases += report.cases();
    };
    for ((role, token), examples) in others.into_iter().zip([10, 3]) {
        let run = Run {
            name: role,
            token: &token,
            session: "none",
            examples,
            only: None,
        };
        let report = run.run(ctx, &target, &invited)?;
        took(&report, role, &mut seen);
        target.still_counts(&token)?;
        if role == "admin" {
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
        let report = run.run(ctx, &target, &invited)?;
        tested += report.tested();
        took(&report, operation, &mut seen);
    }
    seen.figures.push(Figure {
        name: "requests made up".to_owned(),
        value: cases as f64,
        unit: String::new(),
    });
    let (open, least) = open(&target, &let_in, &mut seen);
    let all = target.document.count();
    Ok(seen
        .with_work(tested, "operations", all)
        .with_work(open, "operations that let something in", least))
}

impl Run<'_> {
    /// The token goes by the environment: a process list shows arguments.
    fn run(&self, ctx: &ScanContext<'_>, target: &Target<'_>, invited: &str) -> Result<Report, ScanError> {
        let (json, junit) = (format!("{}.json", self.name), format!("{}.xml", self.name));
        let settings = ctx.context().settings.root.join(SETTINGS);
        let mut command = ctx
            .tool("schemathesis")?
            .current_dir(&ctx.folder)
            .envs([
                ("TOKEN", self.token),
                ("SESSION", self.session),
                ("INVITED", invited),
            ])
            .envs([("PASSWORD", target.password("admin")?)])
            .args(["--config-file".into(), settings.into_os_string()])
            .args([
                "run",
                &format!("{}/openapi.json", target.url()),
                "--checks",
                "all",
            ])
            .args(["--seed", "1", "--max-examples", &self.examples.to_string()])
            .args(["--continue-on-failure", "--no-color", "--report", "json,junit"])
            .args(["--report-json-path", &json, "--report-junit-path", &junit]);
        for (operation, _) in LAST {
            match self.only {
                None => command = command.args(["--exclude-operation-id", operation]),
                Some(only) if only == operation => command = command.args(["--include-operation-id", only]),
                Some(_) => {}
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

/// Somebody who is invited and has not come: the account's number.
fn invite(target: &Target<'_>) -> Result<String, ScanError> {
    #[derive(Deserialize)]
    struct Made {
        id: u64,
    }
    if target.is_planted() {
        return Ok("1".to_owned());
    }
    let bearer = format!("Bearer {}", target.token("admin")?);
    let answer = target.ask(&Request {
        method: "POST",
        target: "/user",
        headers: &[("Authorization", &bearer), ("Content-Type", "application/json")],
        body: r#"{"email": "invited@demo.example"}"#,
    })?;
    let made: Made = serde_json::from_str(&answer.body)
        .map_err(|_| ScanError::ToolFailed(format!("nobody can be invited: {}", answer.status)))?;
    Ok(made.id.to_string())
}

/// The number of the session that this token belongs to.
fn session(target: &Target<'_>, token: &str) -> Result<String, ScanError> {
    if target.is_planted() {
        return Ok("1".to_owned());
    }
    #[derive(Deserialize)]
    struct Session {
        id: String,
        current: bool,
    }
    #[derive(Deserialize)]
    struct Sessions {
        sessions: Vec<Session>,
    }
    let answer = target.ask(&Request {
        method: "GET",
        target: "/auth/sessions",
        headers: &[("Authorization", &format!("Bearer {token}"))],
        ..Request::default()
    })?;
    let own = serde_json::from_str::<Sessions>(&answer.body).ok();
    let own = own.and_then(|all| all.sessions.into_iter().find(|session| session.current));
    own.map(|session| session.id)
        .ok_or_else(|| ScanError::ToolFailed(format!("no list of sessions: {}", answer.status)))
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
fn open(target: &Target<'_>, let_in: &BTreeSet<String>, seen: &mut ScanResult) -> (u64, u64) {
    let why = |operation: &&Operation| CLOSED.iter().find(|(id, _)| *id == operation.id);
    let operations = &target.document.operations;
    for operation in operations
        .iter()
        .filter(|operation| !let_in.contains(&operation.label()))
    {
        let label = operation.label();
        seen.limits.push(match why(&operation) {
            Some((_, why)) => format!("{label} only refused what was made up: it wants {why}"),
            None => format!("{label} only refused what was made up"),
        });
    }
    let should = operations.iter().filter(|operation| why(operation).is_none());
    let open = should
        .clone()
        .filter(|operation| let_in.contains(&operation.label()));
    (open.count() as u64, should.count() as u64)
}

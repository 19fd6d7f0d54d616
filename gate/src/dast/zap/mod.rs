//! Gate `zap`: OWASP ZAP attacks every operation of the OpenAPI document with each role's token, and the pages of a signed-in
//! browser.

mod addons;
mod document;
pub mod plan;
mod report;
pub mod settings;

use std::collections::BTreeSet;
use std::fs;

use harness::ports;

use crate::config;
use crate::dast;
use crate::dast::crawler::Crawler;
use crate::dast::target::Target;
use crate::dast::zap::plan::{OFF, ZapTarget};
use crate::dast::zap::report::{Report, ensure_complete};
use crate::dast::zap::settings::Excluded;
use crate::definition::{Gate, minutes};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "zap",
    title: "OWASP ZAP finds no vulnerability in operations and pages",
    tools: &["zap"],
    timeout: minutes(25),
    required_from: GateProfile::Release,
    inputs: dast::is_input,
    scan,
    canary: dast::CANARY,
    expects: &["40012", "10038", "10020", "10021", "10036"],
    ..Gate::DEFAULT
};

/// What ZAP sends with every request.
pub struct Credential<'a> {
    pub header: &'static str,
    pub value: &'a str,
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    // Before the service is started for nothing.
    ctx.tool("zap")?;
    let addons = addons::record(ctx)?;
    let config = config::needed(ctx.config().zap.as_ref(), "zap")?;
    let mut result = ScanResult {
        files: vec![addons],
        ..ScanResult::default()
    };
    let (mut operations, mut answered) = (BTreeSet::new(), BTreeSet::new());
    let mut limits: Vec<String> = OFF.iter().map(|(_, why)| (*why).to_owned()).collect();
    for role in &config.tokens {
        let server = Target::start(ctx, "zap", &[])?;
        let token = server.token(role)?;
        let (document, excluded) = document::prepare(&server.document.text, config)?;
        let own_account = if ctx.planted {
            "/items/1"
        } else {
            &server.config.own_account
        };
        let target = ZapTarget {
            url: server.url(),
            pages: vec![own_account.to_owned()],
            operations: Some(server.document.count() - excluded.len() as u64),
        };
        let before = server.answered()?;
        let bearer = format!("Bearer {token}");
        let credential = Credential {
            header: "Authorization",
            value: &bearer,
        };
        let part = attack(ctx, &target, &credential, role, &document)?;
        server.ensure_valid(&token)?;
        let is_excluded = |id: &str| excluded.iter().any(|one| one.operation == id);
        let attacked = server
            .document
            .operations
            .iter()
            .filter(|one| !is_excluded(&one.id));
        operations.extend(attacked.map(|operation| operation.label()));
        let counts = server.answered()?;
        answered.extend(
            counts
                .into_iter()
                .filter(|(label, count)| before.get(label) != Some(count)),
        );
        result = merged(result, part);
        if limits.len() == OFF.len() {
            let reason = |Excluded { operation, why }: &Excluded| format!("{operation} is excluded: {why}");
            limits.extend(excluded.into_iter().map(reason));
        }
    }
    result = merged(result, pages(ctx, &config.browser)?);
    if ctx.planted {
        return Ok(result.with_limits(limits));
    }
    let answered: BTreeSet<String> = answered.into_iter().map(|(label, _)| label).collect();
    let rejected: Vec<&str> = operations.difference(&answered).map(String::as_str).collect();
    if !rejected.is_empty() {
        limits.push(format!("no request was accepted by: {}", rejected.join(", ")));
    }
    let accepted = operations.intersection(&answered).count() as u64;
    Ok(result
        .with_work(accepted, "operations that answered 2xx", config.min_answered)
        .with_limits(limits))
}

/// Attacks each page that a signed-in browser can reach.
fn pages(ctx: &ScanContext<'_>, role: &str) -> ScanOutcome {
    let server = Target::start(ctx, "zap", &[])?;
    let mut browser = Crawler::signed_in(&server, role)?;
    let found = browser.crawl(&server)?.into_iter();
    let is_page = |kind: &str| kind.starts_with("text/html");
    let is_page = |response: &harness::http_client::Response| {
        response.status == 200 && response.header("content-type").is_some_and(is_page)
    };
    let target = ZapTarget {
        url: server.url(),
        pages: found
            .filter(|found| is_page(&found.response))
            .map(|found| found.target)
            .collect(),
        operations: None,
    };
    let cookie = browser.cookie();
    let credential = Credential {
        header: "Cookie",
        value: &cookie,
    };
    let result = attack(ctx, &target, &credential, "pages", "")?;
    if !ctx.planted && browser.open(&server, &server.pages().own_account)?.status != 200 {
        let why = "the browser's session ended during the scan";
        return Err(ScanError::ToolFailed(why.to_owned()));
    }
    Ok(result)
}

/// Runs ZAP's plan against the target; `run` is in the names of the files.
pub fn attack(
    ctx: &ScanContext<'_>,
    target: &ZapTarget,
    credential: &Credential<'_>,
    run: &str,
    document: &str,
) -> ScanOutcome {
    let name = |file: &str| format!("{run}-{file}");
    let (openapi, plan_file, report) = (name("openapi.json"), name("plan.yaml"), name("zap.json"));
    if target.operations.is_some() {
        ctx.write_file(&openapi, document)?;
    }
    ctx.write_file(&plan_file, &plan::plan(target, &ctx.folder, &openapi, &report))?;
    // ZAP needs a home of its own in an existing folder. The home holds the credential, so it is removed.
    let parent = ctx.run_state.scratch.join(format!("zap-{run}-{}", ctx.planted));
    let home = parent.join("home");
    fs::create_dir_all(&parent)?;
    let command = ctx
        .tool("zap")?
        .current_dir(&ctx.folder)
        .envs([
            ("ZAP_AUTH_HEADER", credential.header),
            ("ZAP_AUTH_HEADER_VALUE", credential.value),
            // Otherwise ZAP sends the credential to every host.
            ("ZAP_AUTH_HEADER_SITE", "127.0.0.1"),
        ])
        .args(["-cmd", "-silent", "-port", &ports::any_free()?.to_string()])
        // By default its listener for callbacks is on all interfaces.
        .args(["-config", "oast.callback.localaddr=127.0.0.1", "-autorun"])
        .args([ctx.folder.join(&plan_file), "-dir".into(), home.clone()]);
    let output = ctx.run(&command, &name("zap"));
    let _may_be_absent = fs::remove_dir_all(&home);
    let output = output?;
    // 0, 1 and 2 each stand for complete and for incomplete runs.
    output.ensure(matches!(output.code, 0..=2), "ZAP did not end by itself")?;
    let text = ctx.read_report(&report);
    let text = text.map_err(|_| output.failed(&format!("ZAP wrote no {report}")))?;
    let parsed = Report::parse(&text, &target.url)?;
    let log = format!("{}\n{}", output.stdout, output.stderr);
    let covered = ensure_complete(&log, target.proofs())?;
    let informational = Figure::count(format!("informational alerts, {run}"), parsed.informational());
    let (unit, least) = match target.operations {
        Some(operations) => (format!("operations as {run}"), operations),
        None => (run.to_owned(), target.pages.len() as u64),
    };
    Ok(ScanResult {
        figures: vec![informational],
        ..ScanResult::of(parsed.findings())
    }
    .with_work(covered, &unit, least))
}

/// Both results; a finding of both counts once.
fn merged(mut all: ScanResult, part: ScanResult) -> ScanResult {
    for finding in part.findings {
        if !all.findings.contains(&finding) {
            all.findings.push(finding);
        }
    }
    all.work.extend(part.work);
    all.figures.extend(part.figures);
    all
}

//! Gate `wapiti`: crawls and attacks the pages, signed out and signed in, and the operations.

mod report;
pub mod settings;

use std::fs;

use crate::config;
use crate::dast;
use crate::dast::crawler::Crawler;
use crate::dast::target::Target;
use crate::dast::wapiti::report::Report;
use crate::dast::wapiti::settings::Wapiti;
use crate::definition::{Gate, minutes};
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult, parse_json};

/// The other modules query servers on the internet, need a domain name, look for products that are not used here, or guess
/// passwords, which would only lock accounts.
const MODULES: &str =
    "cookieflags,crlf,csp,exec,file,http_headers,permanentxss,redirect,sql,timesql,upload,xss";

/// The limit of one module, in seconds; then wapiti continues with the next one.
const MAX_ATTACK_SECONDS: u64 = 20;

pub const GATE: Gate = Gate {
    id: "wapiti",
    title: "wapiti finds no vulnerability in pages and operations, signed out and signed in",
    tools: &["wapiti"],
    timeout: minutes(6),
    inputs: dast::is_input,
    scan,
    canary: dast::CANARY,
    expects: &[
        "Reflected Cross Site Scripting",
        "Content Security Policy Configuration",
        "Clickjacking Protection",
        "MIME Type Confusion",
    ],
    ..Gate::DEFAULT
};

/// A run as one kind of client.
struct Round {
    client: &'static str,
    header: Option<String>,
    /// Requests the operations of the document, too.
    with_document: bool,
    min_pages: u64,
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let config = config::needed(ctx.config().wapiti.as_ref(), "wapiti")?;
    let target = Target::start(ctx, "wapiti", &[])?;
    let mut user = Crawler::signed_in(&target, &config.user)?;
    let token = target.token(&config.token)?;
    let cookie = Some(user.cookie()).filter(|cookie| !cookie.is_empty());
    let rounds = [
        Round {
            client: "an anonymous client",
            header: None,
            with_document: false,
            min_pages: config.min_pages,
        },
        Round {
            client: "a signed-in browser",
            header: cookie.map(|cookie| format!("Cookie: {cookie}")),
            with_document: false,
            min_pages: config.min_pages_signed_in,
        },
        Round {
            client: "a client with a token",
            header: Some(format!("Authorization: Bearer {token}")),
            with_document: true,
            min_pages: target.document.count(),
        },
    ];
    let mut result = ScanResult::default();
    for (number, round) in rounds.iter().enumerate() {
        let report = run(ctx, config, &target, round, number)?;
        result.findings.extend(report.findings(round.client));
        let of = format!("pages as {}", round.client);
        result = result.with_work(report.pages(), &of, round.min_pages);
    }
    target.ensure_valid(&token)?;
    if !ctx.planted && user.open(&target, &target.pages().own_account)?.status != 200 {
        let why = "the browser's session ended during the scan";
        return Err(ScanError::ToolFailed(why.to_owned()));
    }
    Ok(result.with_limits([
        format!(
            "excluded, because they end the session: {}",
            config.excluded.join(", ")
        ),
        format!("each module is limited to {MAX_ATTACK_SECONDS} s"),
    ]))
}

fn run(
    ctx: &ScanContext<'_>,
    config: &Wapiti,
    target: &Target<'_>,
    round: &Round,
    number: usize,
) -> Result<Report, ScanError> {
    let (name, report) = (format!("round-{number}"), format!("round-{number}.json"));
    // wapiti stores requests with their headers there, so it is not in the folder that is stored with the report.
    let store = ctx
        .run_state
        .scratch
        .join(format!("wapiti-{number}-{}", target.port));
    let excluded = config.excluded.iter();
    let excluded = excluded.flat_map(|path| ["-x".to_owned(), format!("{}{path}", target.url())]);
    let mut command = ctx
        .tool("wapiti")?
        .current_dir(&ctx.folder)
        .args(["-u", &format!("{}/", target.url()), "-m", MODULES])
        .args(["-f", "json", "-o", &report, "-v", "1"])
        .args(["--flush-session", "--no-bugreport", "--verify-ssl", "0"])
        .args(["--max-scan-time", "300"])
        .args(["--max-attack-time", &MAX_ATTACK_SECONDS.to_string()])
        .args(["--store-session".into(), store.clone().into_os_string()])
        .args(excluded);
    if round.with_document {
        command = command.args(["--swagger", &target.document_url()]);
    }
    if let Some(header) = &round.header {
        command = command.args(["-H", header]);
    }
    let output = ctx.run_ok(&command, &name);
    let _removed = fs::remove_dir_all(&store);
    output?;
    parse_json(&ctx.read_report(&report)?, "report of wapiti")
}

//! Gate `wapiti`: a crawler that attacks what it finds, on the pages as a stranger and signed in, and on the operations.

mod report;

use std::ffi::OsString;
use std::fs;

use crate::config::{self, Wapiti};
use crate::dast::crawler::Crawler;
use crate::dast::target::Target;
use crate::dast::wapiti::report::Report;
use crate::definition::{Gate, minutes};
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome, ScanResult};

/// What it tries. The others ask strangers on the net, need a domain name, look for products that are not here, or guess
/// passwords, which would only lock people out.
const MODULES: &str =
    "cookieflags,crlf,csp,exec,file,http_headers,permanentxss,redirect,sql,timesql,upload,xss";

/// How long one attack module may take, in seconds: it then goes on with the next.
const ATTACK: u64 = 20;

pub const GATE: Gate = Gate {
    id: "wapiti",
    title: "A crawler finds nothing to attack, on pages and operations, signed out and signed in",
    tools: &["wapiti"],
    timeout: minutes(6),
    inputs: crate::dast::matters,
    scan,
    canary: Some("bad-server"),
    expects: &[
        "Reflected Cross Site Scripting",
        "Content Security Policy Configuration",
        "Clickjacking Protection",
        "MIME Type Confusion",
    ],
    ..Gate::DEFAULT
};

/// The round over the operations of the document.
const WITH_TOKEN: &str = "a user with a token";

/// As whom it goes, with which field, and from how many pages on it has been everywhere.
struct Round {
    who: &'static str,
    field: Option<(&'static str, String)>,
    least: u64,
}

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let config = config::needed(ctx.config().wapiti.as_ref(), "wapiti")?;
    let target = Target::start(ctx, "wapiti", &[])?;
    let mut user = Crawler::signed_in(&target, &config.user)?;
    let token = target.token(&config.token)?;
    let rounds = [
        Round {
            who: "a stranger",
            field: None,
            least: config.min_pages,
        },
        Round {
            who: "a user in the browser",
            field: Some(("Cookie", user.cookie())).filter(|(_, cookie)| !cookie.is_empty()),
            least: config.min_pages_signed_in,
        },
        Round {
            who: WITH_TOKEN,
            field: Some(("Authorization", format!("Bearer {token}"))),
            least: target.document.count(),
        },
    ];
    let mut seen = ScanResult::default();
    for (number, round) in rounds.into_iter().enumerate() {
        let report = run(ctx, config, &target, &round, number)?;
        seen.findings.extend(report.findings(round.who));
        let of = format!("pages as {}", round.who);
        seen = seen.with_work(report.pages(), &of, round.least);
    }
    target.ensure_valid(&token)?;
    if !ctx.planted && user.open(&target, &target.pages().own_account)?.status != 200 {
        return Err(ScanError::ToolFailed(
            "the browser's session ended in the middle of its round".to_owned(),
        ));
    }
    let ends = config.excluded.join(", ");
    seen.limits
        .push(format!("left out, as it would sign the round out: {ends}"));
    seen.limits
        .push(format!("each kind of attack ends after {ATTACK} s on a round"));
    Ok(seen)
}

fn run(
    ctx: &ScanContext<'_>,
    config: &Wapiti,
    target: &Target<'_>,
    round: &Round,
    number: usize,
) -> Result<Report, ScanError> {
    let (name, file) = (format!("round-{number}"), format!("round-{number}.json"));
    // It keeps requests with their fields there: not with what is kept of the look.
    let store = ctx
        .shared
        .scratch
        .join(format!("wapiti-{number}-{}", target.port));
    let mut command = ctx
        .tool("wapiti")?
        .current_dir(&ctx.folder)
        .args([
            "-u",
            &format!("{}/", target.url()),
            "-m",
            MODULES,
            "-f",
            "json",
            "-o",
            &file,
        ])
        .args([
            "--flush-session",
            "--no-bugreport",
            "--verify-ssl",
            "0",
            "-v",
            "1",
        ])
        .args(["--max-scan-time", "300", "--max-attack-time", &ATTACK.to_string()])
        .args([OsString::from("--store-session"), store.clone().into_os_string()])
        .args(
            config
                .excluded
                .iter()
                .flat_map(|path| ["-x".to_owned(), format!("{}{path}", target.url())]),
        );
    if round.who == WITH_TOKEN {
        command = command.args(["--swagger", &target.document_url()]);
    }
    if let Some((field, value)) = &round.field {
        command = command.args(["-H", &format!("{field}: {value}")]);
    }
    let output = ctx.run(&command, &name);
    let _gone = fs::remove_dir_all(&store);
    let output = output?;
    match output.code {
        0 => Report::parse(&ctx.read_report(&file)?),
        _ => Err(output.failed("wapiti did not end well")),
    }
}

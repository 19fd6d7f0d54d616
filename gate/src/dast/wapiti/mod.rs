//! Gate `wapiti`: a crawler that attacks what it finds, on the pages as a stranger and signed in, and on the operations.

/// What wapiti writes.
mod report;

use std::ffi::OsString;
use std::fs;

use crate::dast::crawler::Visitor;
use crate::dast::target::Live;
use crate::dast::wapiti::report::Report;
use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen, Trouble};
use crate::scheduler::Takes;

/// What it tries. The others ask strangers on the net, need a domain name, look for products that are not here, or guess
/// passwords, which would only lock people out.
const MODULES: &str =
    "cookieflags,crlf,csp,exec,file,http_headers,permanentxss,redirect,sql,timesql,upload,xss";

/// How long one attack module may take, in seconds: it then goes on with the next.
const ATTACK: u64 = 20;

/// What ends the session, or the account, that a round is asked with; what a user loses there is asked about elsewhere.
const ENDS: [&str; 7] = [
    "/sign-out",
    "/my/account/sign-out-everywhere",
    "/my/account/delete",
    "/auth/logout",
    "/auth/logout-all",
    "/auth/me",
    "/auth/sessions/*",
];

/// The row.
pub const GATE: Gate = Gate {
    id: "wapiti",
    title: "A crawler finds nothing to attack, on pages and operations, signed out and signed in",
    tools: &["wapiti"],
    after: &[],
    takes: Takes::Little,
    limit: minutes(6),
    needed: Profile::Pipeline,
    inputs: crate::dast::matters,
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "bad-server",
        prepare: as_it_is,
        expects: &[
            "Reflected Cross Site Scripting",
            "Content Security Policy Configuration",
            "Clickjacking Protection",
            "MIME Type Confusion",
        ],
    }),
};

/// The round over the operations of the document.
const WITH_TOKEN: &str = "an approver with a token";

/// As whom it goes, with which field, and from how many pages on it has been everywhere.
struct Round {
    who: &'static str,
    field: Option<(&'static str, String)>,
    least: u64,
}

fn look(job: &Job<'_>) -> Look {
    let live = Live::start(job, "wapiti", &[])?;
    let mut user = Visitor::signed_in(&live, "user")?;
    // Somebody else: what the pages do to the one must not touch the other.
    let token = live.token("approver")?;
    let rounds = [
        Round {
            who: "a stranger",
            field: None,
            least: 12,
        },
        Round {
            who: "a user in the browser",
            field: Some(("Cookie", user.cookie())).filter(|(_, cookie)| !cookie.is_empty()),
            least: 20,
        },
        Round {
            who: WITH_TOKEN,
            field: Some(("Authorization", format!("Bearer {token}"))),
            least: live.document.count(),
        },
    ];
    let mut seen = Seen::default();
    for (number, round) in rounds.into_iter().enumerate() {
        let report = run(job, &live, &round, number)?;
        seen.findings.extend(report.findings(round.who));
        let of = format!("pages as {}", round.who);
        seen = seen.looked_at(report.pages(), &of, round.least);
    }
    live.still_counts(&token)?;
    if !job.planted && user.open(&live, "/my/account")?.status != 200 {
        return Err(Trouble::Broke(
            "the browser's session ended in the middle of its round".to_owned(),
        ));
    }
    let ends = ENDS.join(", ");
    seen.limits
        .push(format!("left out, as it would sign the round out: {ends}"));
    seen.limits
        .push(format!("each kind of attack ends after {ATTACK} s on a round"));
    Ok(seen)
}

fn run(job: &Job<'_>, live: &Live<'_>, round: &Round, number: usize) -> Result<Report, Trouble> {
    let (name, file) = (format!("round-{number}"), format!("round-{number}.json"));
    // It keeps requests with their fields there: not with what is kept of the look.
    let store = job.shared.scratch.join(format!("wapiti-{number}-{}", live.port));
    let mut call = job
        .tool("wapiti")?
        .within(&job.folder)
        .args([
            "-u",
            &format!("{}/", live.url()),
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
            ENDS.iter()
                .flat_map(|path| ["-x".to_owned(), format!("{}{path}", live.url())]),
        );
    if round.who == WITH_TOKEN {
        call = call.args(["--swagger", &format!("{}/openapi.json", live.url())]);
    }
    if let Some((field, value)) = &round.field {
        call = call.args(["-H", &format!("{field}: {value}")]);
    }
    let said = job.run(&call, &name);
    let _gone = fs::remove_dir_all(&store);
    let said = said?;
    match said.code {
        0 => Report::parse(&job.report(&file)?),
        _ => Err(said.broke("wapiti did not end well")),
    }
}

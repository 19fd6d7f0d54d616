//! Gate `headers`: every status and page of the running service against OWASP's lists of headers to send and to leave out.

mod lists;
pub mod rules;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{self, Unreachable};
use crate::dast::crawler::Crawler;
use crate::dast::headers::rules::ResponseKind;
use crate::dast::openapi::OpenApi;
use crate::dast::probes::{self, Exchange};
use crate::dast::target::Target;
use crate::definition::{Gate, minutes};
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{Database, Figure, ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "headers",
    title: "Every status and page sends OWASP's secure headers, and none that tell what runs",
    timeout: minutes(5),
    required_from: GateProfile::Local,
    inputs: crate::dast::matters,
    scan,
    canary: Some("bad-server"),
    expects: &[
        "cache-control",
        "content-security-policy",
        "cross-origin-embedder-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
        "referrer-policy",
        "server",
        "strict-transport-security",
        "x-content-type-options",
        "x-dns-prefetch-control",
        "x-frame-options",
        "x-permitted-cross-domain-policies",
    ],
    ..Gate::DEFAULT
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let config = config::needed(ctx.config().headers.as_ref(), "headers")?;
    let target = Target::start(ctx, "headers", &config.arguments)?;
    let document = target.document.clone();
    let (admin, user) = (target.token(&config.admin)?, target.token(&config.user)?);
    let mut exchanges = probes::each_operation(&target, &document, &admin)?;
    let tokens = [(config.admin.as_str(), admin.as_str()), (&config.user, &user)];
    exchanges.extend(probes::configured(&target, config, &tokens)?);
    let pages = pages(&target, &config.user, &mut exchanges)?;
    target.stop_database()?;
    exchanges.extend(probes::without_database(&target, &config.without_database)?);
    let mut seen = ScanResult {
        findings: findings(&exchanges),
        databases: vec![Database {
            name: lists::SOURCE.to_owned(),
            date: format!("{}T00:00:00Z", lists::DATE),
            revision: lists::DATE.to_owned(),
            entries: rules::ENTRIES,
        }],
        ..ScanResult::default()
    };
    let (reached, least, missed) = reached(&document, &exchanges, &config.unreachable);
    seen.figures = statuses(&exchanges);
    seen.limits.extend(rules::EXCEPTIONS.map(str::to_owned));
    seen.limits.extend(missed);
    Ok(seen
        .with_work(exchanges.len() as u64, "answers", document.count() * 2)
        .with_work(reached, "statuses of the document", least)
        .with_work(pages, "pages and files", config.min_pages))
}

/// Walks as a stranger, then as a user, then signs out; answers how many pages and files there are.
fn pages(target: &Target<'_>, role: &str, exchanges: &mut Vec<Exchange>) -> Result<u64, ScanError> {
    let mut targets = BTreeSet::new();
    let (private, sign_out) = (&target.pages().private, &target.pages().sign_out);
    let mut user = Crawler::signed_in(target, role)?;
    for (crawler, own) in [(&mut Crawler::default(), false), (&mut user, true)] {
        for found in crawler.walk(target)? {
            let path = found.target.split('?').next().unwrap_or_default().to_owned();
            exchanges.push(Exchange {
                asked: ResponseKind {
                    // Styles, scripts and the document are the same for everybody.
                    private: own && private.iter().any(|start| path.starts_with(start.as_str())),
                    signs_out: false,
                },
                answer: found.answer,
                what: path.clone(),
            });
            targets.insert(path);
        }
    }
    if !target.is_planted() {
        let answer = user.submit(target, sign_out, &[])?;
        let asked = ResponseKind {
            private: true,
            signs_out: true,
        };
        exchanges.push(Exchange {
            what: sign_out.clone(),
            asked,
            answer,
        });
    }
    Ok(targets.len() as u64)
}

/// One finding for each field and place, with the statuses that have it.
fn findings(exchanges: &[Exchange]) -> Vec<Finding> {
    let mut faults: BTreeMap<(String, String, String), BTreeSet<u16>> = BTreeMap::new();
    for exchange in exchanges {
        for (field, why) in rules::faults(&exchange.answer, exchange.asked) {
            let place = (field, exchange.what.clone(), why);
            faults.entry(place).or_default().insert(exchange.answer.status);
        }
    }
    let finding = |((field, what, why), statuses): ((String, String, String), BTreeSet<u16>)| {
        let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
        let message = format!("{field} {why} (status {})", statuses.join(", "));
        Finding::new("headers", field, message)
            .rated(Severity::Medium)
            .at(what, None)
    };
    faults.into_iter().map(finding).collect()
}

/// How many of the document's statuses answered, how many should have, and why the others did not.
fn reached(
    document: &OpenApi,
    exchanges: &[Exchange],
    unreachable: &[Unreachable],
) -> (u64, u64, Vec<String>) {
    let told: BTreeSet<u16> = document
        .operations
        .iter()
        .flat_map(|operation| operation.statuses.clone())
        .collect();
    let came: BTreeSet<u16> = exchanges.iter().map(|exchange| exchange.answer.status).collect();
    let excused = |status: &u16| unreachable.iter().find(|excused| excused.status == *status);
    let missed = told.difference(&came).map(|status| match excused(status) {
        Some(Unreachable { why, .. }) => format!("no answer with {status} was looked at: {why}"),
        None => format!("no answer with {status} was looked at"),
    });
    let least = told.iter().filter(|status| excused(status).is_none()).count();
    let reached = told
        .intersection(&came)
        .filter(|status| excused(status).is_none())
        .count();
    (reached as u64, least as u64, missed.collect())
}

fn statuses(exchanges: &[Exchange]) -> Vec<Figure> {
    let mut counts: BTreeMap<u16, u32> = BTreeMap::new();
    for exchange in exchanges {
        *counts.entry(exchange.answer.status).or_default() += 1;
    }
    let figure = |(status, count): (u16, u32)| Figure {
        name: format!("answers with {status}"),
        value: f64::from(count),
        unit: String::new(),
    };
    counts.into_iter().map(figure).collect()
}

//! Gate `headers`: OWASP's lists of security headers, for every status and page of the running service.

mod lists;
pub mod rules;
pub mod settings;

use std::collections::{BTreeMap, BTreeSet};

use crate::config;
use crate::dast;
use crate::dast::crawler::Crawler;
use crate::dast::headers::rules::ResponseKind;
use crate::dast::headers::settings::Unreachable;
use crate::dast::openapi::Operation;
use crate::dast::probes::{self, Exchange};
use crate::dast::target::Target;
use crate::definition::{Gate, minutes};
use crate::finding::Finding;
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{Database, Figure, ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "headers",
    title: "Every response has OWASP's security headers, and none that reveals the software",
    timeout: minutes(5),
    required_from: GateProfile::Local,
    inputs: dast::is_input,
    scan,
    canary: dast::CANARY,
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
    let (admin, user) = (target.token(&config.admin)?, target.token(&config.user)?);
    let tokens = [(config.admin.as_str(), admin.as_str()), (&config.user, &user)];
    let mut exchanges = probes::each_operation(&target, &admin)?;
    exchanges.extend(probes::configured(&target, config, &tokens)?);
    let pages = pages(&target, &config.user, &mut exchanges)?;
    target.stop_database()?;
    exchanges.extend(probes::without_database(&target, &config.without_database)?);
    let result = with_statuses(findings(&exchanges), &target, &exchanges, &config.unreachable);
    let mut result = result
        .with_work(pages, "pages and files", config.min_pages)
        .with_limits(rules::EXCEPTIONS.map(str::to_owned));
    result.databases.push(Database {
        name: lists::SOURCE.to_owned(),
        date: format!("{}T00:00:00Z", lists::DATE),
        revision: lists::DATE.to_owned(),
        entries: rules::entries(),
    });
    Ok(result)
}

/// Crawls signed out and signed in, then signs out; returns the number of pages and files.
fn pages(target: &Target<'_>, role: &str, exchanges: &mut Vec<Exchange>) -> Result<u64, ScanError> {
    let mut paths = BTreeSet::new();
    let (private, sign_out) = (&target.pages().private, &target.pages().sign_out);
    let mut user = Crawler::signed_in(target, role)?;
    for (crawler, is_signed_in) in [(&mut Crawler::default(), false), (&mut user, true)] {
        for found in crawler.crawl(target)? {
            let path = found.target.split('?').next().unwrap_or_default().to_owned();
            let kind = ResponseKind {
                // Styles, scripts and the document are public.
                private: is_signed_in && private.iter().any(|start| path.starts_with(start.as_str())),
                signs_out: false,
            };
            exchanges.push(Exchange {
                kind,
                response: found.response,
                what: path.clone(),
            });
            paths.insert(path);
        }
    }
    if !target.is_planted() {
        exchanges.push(Exchange {
            what: sign_out.clone(),
            kind: ResponseKind {
                private: true,
                signs_out: true,
            },
            response: user.submit(target, sign_out, &[])?,
        });
    }
    Ok(paths.len() as u64)
}

/// One finding for each header and path or operation, with the statuses that have it.
fn findings(exchanges: &[Exchange]) -> Vec<Finding> {
    let mut violations: BTreeMap<(String, &str, String), BTreeSet<u16>> = BTreeMap::new();
    for Exchange { what, kind, response } in exchanges {
        for (header, why) in rules::violations(response, *kind) {
            let statuses = violations.entry((header, what, why)).or_default();
            statuses.insert(response.status);
        }
    }
    let finding = |((header, what, why), statuses): ((String, &str, String), BTreeSet<u16>)| {
        let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
        let message = format!("{header} {why} (status {})", statuses.join(", "));
        Finding::new("headers", header, message).at(what, None)
    };
    violations.into_iter().map(finding).collect()
}

/// The result with the number of responses and of the document's statuses among them.
fn with_statuses(
    findings: Vec<Finding>,
    target: &Target<'_>,
    exchanges: &[Exchange],
    unreachable: &[Unreachable],
) -> ScanResult {
    let mut counts: BTreeMap<u16, u64> = BTreeMap::new();
    for exchange in exchanges {
        *counts.entry(exchange.response.status).or_default() += 1;
    }
    let documented = target.document.operations.iter().flat_map(Operation::statuses);
    let documented: BTreeSet<u16> = documented.collect();
    let reason = |status: u16| unreachable.iter().find(|one| one.status == status);
    let missed = documented.iter().filter(|status| !counts.contains_key(status));
    let limits = missed.map(|status| match reason(*status) {
        Some(Unreachable { why, .. }) => format!("no response with status {status}: {why}"),
        None => format!("no response with status {status}"),
    });
    let expected: Vec<&u16> = documented
        .iter()
        .filter(|status| reason(**status).is_none())
        .collect();
    let reached = expected
        .iter()
        .filter(|status| counts.contains_key(status))
        .count();
    let figures = counts.iter();
    let figures = figures.map(|(status, count)| Figure::count(format!("responses with {status}"), *count));
    ScanResult {
        figures: figures.collect(),
        ..ScanResult::of(findings)
    }
    .with_work(exchanges.len() as u64, "responses", target.document.count() * 2)
    .with_work(reached as u64, "statuses of the document", expected.len() as u64)
    .with_limits(limits)
}

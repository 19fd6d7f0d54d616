//! Gate `zap`: OWASP ZAP attacks every operation of the OpenAPI document, with a token.

pub mod plan;
mod report;

use std::fs;

use harness::ports;
use serde_json::Value;

use crate::config::{self, Excluded};
use crate::dast;
use crate::dast::openapi::DOCUMENT;
use crate::dast::target::Target;
use crate::dast::zap::plan::ZapTarget;
use crate::dast::zap::report::{Report, ensure_complete};
use crate::definition::{Gate, minutes};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult, parse_json};

pub const GATE: Gate = Gate {
    id: "zap",
    title: "OWASP ZAP finds no vulnerability in any operation",
    tools: &["zap"],
    timeout: minutes(25),
    required_from: GateProfile::Release,
    inputs: dast::is_input,
    scan,
    canary: dast::CANARY,
    expects: &["40012", "10038", "10020", "10021", "10036"],
    ..Gate::DEFAULT
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    // Before the service is started for nothing.
    ctx.tool("zap")?;
    let config = config::needed(ctx.config().zap.as_ref(), "zap")?;
    let server = Target::start(ctx, "zap", &[])?;
    let token = server.token(&config.token)?;
    let (document, excluded) = without(&server.document.text, &config.excluded)?;
    let own_account = if ctx.planted {
        "/items/1"
    } else {
        &server.config.own_account
    };
    let target = ZapTarget {
        url: server.url(),
        own_account: own_account.to_owned(),
        operations: server.document.count() - excluded.len() as u64,
    };
    let result = attack(ctx, &target, &document, &token)?;
    server.ensure_valid(&token)?;
    let excluded = excluded.into_iter();
    Ok(result
        .with_limits(excluded.map(|Excluded { operation, why }| format!("{operation} is excluded: {why}"))))
}

/// Runs ZAP's plan against the target.
pub fn attack(ctx: &ScanContext<'_>, target: &ZapTarget, document: &str, token: &str) -> ScanOutcome {
    ctx.write_file("openapi.json", document)?;
    ctx.write_file("plan.yaml", &plan::plan(target, &ctx.folder))?;
    // ZAP needs a home of its own in an existing folder. The home holds the token, so it is removed.
    let parent = ctx.run_state.scratch.join(format!("zap-{}", ctx.planted));
    let home = parent.join("home");
    fs::create_dir_all(&parent)?;
    let command = ctx
        .tool("zap")?
        .current_dir(&ctx.folder)
        .envs([
            ("ZAP_AUTH_HEADER_VALUE", format!("Bearer {token}")),
            // Otherwise ZAP sends the token to every host.
            ("ZAP_AUTH_HEADER_SITE", "127.0.0.1".to_owned()),
        ])
        .args(["-cmd", "-silent", "-port", &ports::any_free()?.to_string()])
        // By default its listener for callbacks is on all interfaces.
        .args(["-config", "oast.callback.localaddr=127.0.0.1", "-autorun"])
        .args([ctx.folder.join("plan.yaml"), "-dir".into(), home.clone()]);
    let output = ctx.run(&command, "zap");
    let _may_be_absent = fs::remove_dir_all(&home);
    let output = output?;
    // 0, 1 and 2 each stand for complete and for incomplete runs.
    output.ensure(matches!(output.code, 0..=2), "ZAP did not end by itself")?;
    let report = Report::parse(&ctx.read_report("zap.json")?, &target.url)?;
    let imported = ensure_complete(&format!("{}\n{}", output.stdout, output.stderr))?;
    let informational = Figure::count("informational alerts", report.informational());
    Ok(ScanResult {
        figures: vec![informational],
        ..ScanResult::of(report.findings())
    }
    .with_work(imported, "operations", target.operations))
}

/// The document without the excluded operations, and those that it had.
fn without<'c>(document: &str, excluded: &'c [Excluded]) -> Result<(String, Vec<&'c Excluded>), ScanError> {
    let mut document: Value = parse_json(document, DOCUMENT)?;
    let mut removed = Vec::new();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(|paths| paths.values_mut());
    for methods in items.filter_map(Value::as_object_mut) {
        methods.retain(|_, operation| {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let found = excluded.iter().find(|one| one.operation == id);
            removed.extend(found);
            found.is_none()
        });
    }
    Ok((document.to_string(), removed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_loses_only_the_excluded_operations() {
        let document = r#"{"paths": {"/out": {"post": {"operationId": "logOut"}}, "/me": {"get": {"operationId": "me"}}}}"#;
        let excluded = [
            ("logOut", "it ends the session"),
            ("logIn", "it takes a password"),
        ]
        .map(|(operation, why)| Excluded {
            operation: operation.into(),
            why: why.into(),
        });
        let (rest, removed) = without(document, &excluded).unwrap();
        assert!(!rest.contains("logOut") && rest.contains("me"), "{rest}");
        let removed: Vec<&str> = removed.iter().map(|one| one.operation.as_str()).collect();
        assert_eq!(removed, ["logOut"]);
    }
}

//! Gate `zap`: OWASP ZAP attacks every operation of the OpenAPI document, with a token.

pub mod plan;
mod report;

use std::fs;

use harness::ports;
use serde_json::Value;

use crate::config::{self, Excluded};
use crate::dast::target::Target;
use crate::dast::zap::plan::ZapTarget;
use crate::dast::zap::report::{Report, proven};
use crate::definition::{Gate, minutes};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{Figure, ScanError, ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "zap",
    title: "OWASP ZAP finds nothing to attack on any operation",
    tools: &["zap"],
    timeout: minutes(25),
    required_from: GateProfile::Release,
    inputs: crate::dast::matters,
    scan,
    canary: Some("bad-server"),
    expects: &["40012", "10038", "10020", "10021", "10036"],
    ..Gate::DEFAULT
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    // Nothing is started for a tool that is not there.
    let _there = ctx.tool("zap")?;
    let config = config::needed(ctx.config().zap.as_ref(), "zap")?;
    let server = Target::start(ctx, "zap", &[])?;
    let token = server.token(&config.token)?;
    let (document, left_out) = without(&server.document.text, &config.excluded)?;
    let target = ZapTarget {
        url: server.url(),
        own_account: if ctx.planted {
            "/items/1"
        } else {
            &server.config.own_account
        }
        .to_owned(),
        operations: server.document.count() - left_out.len() as u64,
    };
    let mut seen = attack(ctx, &target, &document, &token)?;
    server.ensure_valid(&token)?;
    let left_out = left_out
        .into_iter()
        .map(|Excluded { operation, why }| format!("{operation} is left out: {why}"));
    seen.limits.extend(left_out);
    Ok(seen)
}

/// Runs ZAP's plan against the target.
pub fn attack(ctx: &ScanContext<'_>, target: &ZapTarget, document: &str, token: &str) -> ScanOutcome {
    ctx.write_file("openapi.json", document)?;
    ctx.write_file("plan.yaml", &plan::plan(target, &ctx.folder))?;
    // One home a process. Its session holds the token, so it goes when ZAP does; what it is in must be there before.
    let home = ctx
        .shared
        .scratch
        .join(format!("zap-{}", ctx.planted))
        .join("home");
    fs::create_dir_all(home.parent().unwrap_or(&home))?;
    let command = ctx
        .tool("zap")?
        .current_dir(&ctx.folder)
        .envs([
            ("ZAP_AUTH_HEADER_VALUE", format!("Bearer {token}")),
            // Without it the token goes to whatever host ZAP asks.
            ("ZAP_AUTH_HEADER_SITE", "127.0.0.1".to_owned()),
        ])
        .args(["-cmd", "-silent", "-port", &ports::any_free()?.to_string()])
        // Its own listener for call-backs is on all interfaces unless told otherwise.
        .args(["-config", "oast.callback.localaddr=127.0.0.1", "-autorun"])
        .args([ctx.folder.join("plan.yaml")])
        .args(["-dir"])
        .args([&home]);
    let output = ctx.run(&command, "zap");
    let _none_there = fs::remove_dir_all(&home);
    let output = output?;
    // 0, 1 and 2 each stand for good runs and for broken ones; nothing else is a run.
    if !matches!(output.code, 0..=2) {
        return Err(output.failed("ZAP did not end by itself"));
    }
    let report = Report::parse(&ctx.read_report("zap.json")?, &target.url)?;
    let imported = proven(&format!("{}\n{}", output.stdout, output.stderr))?;
    let seen = ScanResult {
        findings: report.findings(),
        figures: vec![Figure {
            name: "alerts that only inform".to_owned(),
            value: report.informs() as f64,
            unit: String::new(),
        }],
        ..ScanResult::default()
    };
    Ok(seen.with_work(imported, "operations", target.operations))
}

/// What was left out: the operation and why.
type LeftOut<'c> = Vec<&'c Excluded>;

/// The document without these operations, and which of them it had.
fn without<'c>(document: &str, excluded: &'c [Excluded]) -> Result<(String, LeftOut<'c>), ScanError> {
    let broke = |error: serde_json::Error| ScanError::ToolFailed(format!("no OpenAPI document: {error}"));
    let mut document: Value = serde_json::from_str(document).map_err(broke)?;
    let mut left_out = LeftOut::new();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for item in paths.into_iter().flat_map(|paths| paths.values_mut()) {
        let Some(methods) = item.as_object_mut() else {
            continue;
        };
        methods.retain(|_, operation| {
            let id = operation
                .get("operationId")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let found = excluded.iter().find(|one| one.operation == id);
            left_out.extend(found);
            found.is_none()
        });
    }
    Ok((document.to_string(), left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_loses_just_what_would_sign_the_scan_out() {
        let document = r#"{"paths": {"/out": {"post": {"operationId": "logOut"}}, "/me": {"get": {"operationId": "me"}}}}"#;
        let excluded = [
            ("logOut", "it ends the session"),
            ("logIn", "it takes a password"),
        ]
        .map(|(operation, why)| Excluded {
            operation: operation.into(),
            why: why.into(),
        });
        let (rest, left_out) = without(document, &excluded).unwrap();
        assert!(!rest.contains("logOut") && rest.contains("me"), "{rest}");
        let left_out: Vec<&str> = left_out.iter().map(|one| one.operation.as_str()).collect();
        assert_eq!(left_out, ["logOut"]);
    }
}

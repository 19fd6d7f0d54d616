//! Gate `fmt`: every Rust file is as rustfmt writes it.

use harness::process::command::Command;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

/// The row.
pub const GATE: Gate = Gate {
    id: "fmt",
    title: "Rust files are formatted",
    tools: &[],
    after: &[],
    resources: ResourceClass::Light,
    timeout: minutes(2),
    required_from: GateProfile::Local,
    inputs: |_, path| path.ends_with(".rs") || path == "rustfmt.toml",
    data: files_only,
    scan,
    planted: Some(Planted {
        folder: "fmt",
        prepare: as_it_is,
        expects: |_| vec!["rustfmt"],
    }),
};

/// rustfmt exits with 1 for a difference and for a file that it cannot parse, and lists each on standard output.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.files_where(|file| file.ends_with(".rs"));
    let config = ctx.context().settings.root.join("rustfmt.toml");
    let command = Command::new(ctx.context(), "rustfmt")
        .current_dir(&ctx.subject)
        .args(["--edition=2024", "--check", "-l", "--config-path"])
        .args([config])
        .args(&files);
    let output = ctx.run(&command, "rustfmt")?;
    if output.code != 0 && output.stdout.trim().is_empty() {
        return Err(output.failed("rustfmt listed nothing"));
    }
    let findings = output.stdout.lines().filter(|line| !line.trim().is_empty());
    let findings = findings.map(|line| {
        Finding::new("rustfmt", "rustfmt", "not formatted: run `cargo fmt --all`")
            .rated(Severity::Low)
            .at(ctx.relative(line), None)
    });
    let seen = ScanResult {
        findings: findings.collect(),
        ..ScanResult::default()
    };
    Ok(seen.with_work(files.len() as u64, "files", 1))
}

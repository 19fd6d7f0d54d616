//! Gate `fmt`: rustfmt over every Rust file.

use crate::definition::{Gate, minutes};
use crate::finding::{Finding, Severity};
use crate::profile::GateProfile;
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanOutcome, ScanResult};

pub const GATE: Gate = Gate {
    id: "fmt",
    title: "Rust files are formatted",
    timeout: minutes(2),
    required_from: GateProfile::Local,
    inputs: |_, path| path.ends_with(".rs") || path == "rustfmt.toml",
    scan,
    expects: &["rustfmt"],
    ..Gate::DEFAULT
};

/// rustfmt exits with 1 for a difference and for a file that it cannot parse, and lists each on standard output.
fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let files = ctx.files_where(|file| file.ends_with(".rs"));
    let config = ctx.context().settings.root.join("rustfmt.toml");
    let command = ctx
        .program("rustfmt")
        .args(["--edition=2024", "--check", "-l", "--config-path"])
        .args([config])
        .args(&files);
    let output = ctx.run(&command, "rustfmt")?;
    let listed = output.stdout.lines().filter(|line| !line.trim().is_empty());
    output.ensure(
        output.code == 0 || listed.clone().count() > 0,
        "rustfmt listed no file",
    )?;
    let findings = listed.map(|line| {
        Finding::new("rustfmt", "rustfmt", "not formatted: run `cargo fmt --all`")
            .rated(Severity::Low)
            .at(ctx.relative(line), None)
    });
    Ok(ScanResult::of(findings).with_work(files.len() as u64, "files", 1))
}

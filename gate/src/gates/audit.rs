//! Gate `audit`: cargo-audit over the lock file.

use std::fs;

use crate::cargo::lock_file;
use crate::definition::{Gate, minutes};
use crate::gates::rustsec::{self, report::at_line};
use crate::scan_context::ScanContext;
use crate::scan_result::{ScanError, ScanOutcome};

pub const GATE: Gate = Gate {
    id: "audit",
    title: "No package of the lock file has a known vulnerability (RustSec)",
    tools: &[rustsec::SCANNER],
    timeout: minutes(5),
    inputs: |_, path| path == "Cargo.lock",
    data: rustsec::revision,
    scan,
    expects: rustsec::EXPECTS,
    ..Gate::DEFAULT
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let file = ctx.subject.join("Cargo.lock");
    let Ok(lock) = fs::read_to_string(&file) else {
        return Err(ScanError::NothingToScan("no Cargo.lock in the tree".to_owned()));
    };
    let packages = lock_file::count_packages(&lock)?;
    let output = rustsec::audit(ctx, ["--file".into(), file.into()])?;
    let mut result = rustsec::read(ctx, &output, "packages", packages)?;
    let findings = result.findings.into_iter();
    result.findings = findings.map(|finding| at_line(finding, &lock)).collect();
    Ok(result)
}

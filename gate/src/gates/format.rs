//! Gate `fmt`: every Rust file is as rustfmt writes it.

use harness::process::command::Call;

use crate::definition::{Gate, Planted, as_it_is, files_only, minutes};
use crate::finding::{Finding, Severity};
use crate::profile::Profile;
use crate::scan_context::Job;
use crate::scan_result::{Look, Seen};
use crate::scheduler::Takes;

/// The row.
pub const GATE: Gate = Gate {
    id: "fmt",
    title: "Rust files are formatted",
    tools: &[],
    after: &[],
    takes: Takes::Little,
    limit: minutes(2),
    needed: Profile::Local,
    inputs: |path| path.ends_with(".rs") || path == "rustfmt.toml",
    data: files_only,
    look,
    planted: Some(Planted {
        folder: "fmt",
        prepare: as_it_is,
        expects: &["rustfmt"],
    }),
};

/// rustfmt exits with 1 for a difference and for a file that it cannot parse, and lists each on standard output.
fn look(job: &Job<'_>) -> Look {
    let files = job.files_where(|file| file.ends_with(".rs"));
    let config = job.context().settings.root.join("rustfmt.toml");
    let call = Call::new(job.context(), "rustfmt")
        .within(&job.subject)
        .args(["--edition=2024", "--check", "-l", "--config-path"])
        .args([config])
        .args(&files);
    let said = job.run(&call, "rustfmt")?;
    if said.code != 0 && said.stdout.trim().is_empty() {
        return Err(said.broke("rustfmt listed nothing"));
    }
    let findings = said.stdout.lines().filter(|line| !line.trim().is_empty());
    let findings = findings.map(|line| {
        Finding::new("rustfmt", "rustfmt", "not formatted: run `cargo fmt --all`")
            .rated(Severity::Low)
            .at(job.relative(line), None)
    });
    let seen = Seen {
        findings: findings.collect(),
        ..Seen::default()
    };
    Ok(seen.looked_at(files.len() as u64, "files", 1))
}

//! Gate `auditable`: the service's release program names the packages that it is made of, and none has a known
//! vulnerability. A lock file says what a build may take; the program says what it took.

use harness::cargo_messages;

use crate::config;
use crate::definition::{Gate, Planted, as_it_is, minutes, whole_tree};
use crate::gates::registry;
use crate::gates::rustsec;
use crate::gates::rustsec::advisories::LEAST;
use crate::gates::rustsec::report::Report;
use crate::gates::workspace;
use crate::profile::GateProfile;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

const BUILDER: &str = "cargo-auditable";
const SCANNER: &str = "cargo-audit";

/// The row.
pub const GATE: Gate = Gate {
    id: "auditable",
    title: "The release program names its packages, none of which has a known vulnerability",
    tools: &[BUILDER, SCANNER],
    after: &[],
    resources: ResourceClass::Cargo,
    timeout: minutes(60),
    required_from: GateProfile::Pipeline,
    inputs: whole_tree,
    data: rustsec::revision,
    scan,
    planted: Some(Planted {
        folder: "auditable",
        prepare: as_it_is,
        expects: |_| vec!["RUSTSEC-2020-0071", "CVE-2020-26235"],
    }),
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let program = config::needed(ctx.config().program.as_ref(), "program")?;
    let (builder, scanner) = (ctx.tool(BUILDER)?, ctx.tool(SCANNER)?);
    let advisories = rustsec::get(ctx.shared)?;
    registry::fetch(ctx)?;
    let mut command = builder
        .current_dir(workspace::root(ctx))
        .args(["auditable", "build", "--release", "--locked"])
        .args(["--message-format=json-render-diagnostics"])
        .envs([("CARGO", &ctx.context().settings.cargo)]);
    if ctx.planted {
        command = command.envs([("CARGO_TARGET_DIR", ctx.folder.join("target"))]);
    } else {
        command = command
            .args(["--package", &program.package, "--bin", &program.binary])
            .args(workspace::features(ctx)?);
    }
    let built = ctx.run(&command, "build")?;
    let executable = built
        .stdout
        .lines()
        .filter_map(cargo_messages::executable)
        .next_back();
    let Some(executable) = executable.filter(|_| built.code == 0) else {
        return Err(built.failed("it does not build"));
    };
    // In an empty folder, where no `.cargo/audit.toml` tells it to ignore anything.
    let command = scanner
        .current_dir(&ctx.folder)
        .args(["audit", "--no-fetch", "--format=json", "--db"])
        .args([&advisories.clone])
        .args(["bin".into(), executable]);
    let output = ctx.run(&command, SCANNER)?;
    let least = if ctx.planted { 2 } else { program.min_packages };
    if names_nothing(&output) {
        return Ok(ScanResult::default().with_work(0, "packages that the program names", least));
    }
    let report: Report = output.json()?;
    let (entries, packages) = (report.database.advisory_count, report.lockfile.dependency_count);
    let findings = report.findings(SCANNER).map_err(|why| output.failed(&why))?;
    let seen = ScanResult {
        findings,
        databases: vec![advisories.database.clone()],
        outdated: advisories.outdated(ctx.shared.began),
        limits: advisories.limits.clone(),
        ..ScanResult::default()
    };
    Ok(seen
        .with_work(packages, "packages that the program names", least)
        .with_work(entries, "advisories", LEAST))
}

/// Without the data it guesses from texts of panics, with exit code 0, or gives up; either way the program is no proof.
fn names_nothing(output: &ToolOutput) -> bool {
    [
        "was not built with 'cargo auditable'",
        "No dependency information found",
    ]
    .iter()
    .any(|words| output.stderr.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_name_its_packages_is_told_from_one_that_does() {
        let tool_output = |stderr: &str| ToolOutput {
            code: 0,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let warning = "warning: /t/x was not built with 'cargo auditable', the report will be incomplete (1 dependencies recovered)";
        assert!(names_nothing(&tool_output(warning)));
        assert!(names_nothing(&tool_output(
            "error: parse error: No dependency information found! Is this a Rust executable built with cargo?"
        )));
        assert!(!names_nothing(&tool_output("")));
    }
}

//! Gate `auditable`: the service's release program names the packages that it is made of, and none has a known
//! vulnerability. A lock file says what a build may take; the program says what it took.

use stack::service::build;

use crate::definition::{Gate, Planted, as_it_is, minutes, whole_tree};
use crate::gates::registry;
use crate::gates::rustsec;
use crate::gates::rustsec::advisories::LEAST;
use crate::gates::rustsec::report::Report;
use crate::gates::workspace;
use crate::profile::Profile;
use crate::scan_context::{Job, Said};
use crate::scan_result::{Look, Seen};
use crate::scheduler::Takes;

const BUILDER: &str = "cargo-auditable";
const SCANNER: &str = "cargo-audit";

/// The service has more than 300; a program that names fewer hides some.
const LEAST_PACKAGES: u64 = 250;

/// The row.
pub const GATE: Gate = Gate {
    id: "auditable",
    title: "The release program names its packages, none of which has a known vulnerability",
    tools: &[BUILDER, SCANNER],
    after: &[],
    takes: Takes::Cargo,
    limit: minutes(60),
    needed: Profile::Pipeline,
    inputs: whole_tree,
    data: rustsec::revision,
    look,
    planted: Some(Planted {
        folder: "auditable",
        prepare: as_it_is,
        expects: &["RUSTSEC-2020-0071", "CVE-2020-26235"],
    }),
};

fn look(job: &Job<'_>) -> Look {
    let (builder, scanner) = (job.tool(BUILDER)?, job.tool(SCANNER)?);
    let advisories = rustsec::get(job.shared)?;
    registry::fetch(job)?;
    let mut call = builder
        .within(workspace::root(job))
        .args(["auditable", "build", "--release", "--locked"])
        .args(["--message-format=json-render-diagnostics"])
        .envs([("CARGO", &job.context().settings.cargo)]);
    if job.planted {
        call = call.envs([("CARGO_TARGET_DIR", job.folder.join("target"))]);
    } else {
        call = call
            .args(["--package", "portcullis", "--bin", "portcullis"])
            .args(workspace::features(job)?);
    }
    let built = job.run(&call, "build")?;
    let program = built.stdout.lines().filter_map(build::executable).next_back();
    let Some(program) = program.filter(|_| built.code == 0) else {
        return Err(built.broke("it does not build"));
    };
    // In an empty folder, where no `.cargo/audit.toml` tells it to ignore anything.
    let call = scanner
        .within(&job.folder)
        .args(["audit", "--no-fetch", "--format=json", "--db"])
        .args([&advisories.clone])
        .args(["bin".into(), program]);
    let said = job.run(&call, SCANNER)?;
    let least = if job.planted { 2 } else { LEAST_PACKAGES };
    if names_nothing(&said) {
        return Ok(Seen::default().looked_at(0, "packages that the program names", least));
    }
    let report: Report = said.json()?;
    let (entries, packages) = (report.database.advisory_count, report.lockfile.dependency_count);
    let findings = report.findings(SCANNER).map_err(|why| said.broke(&why))?;
    let seen = Seen {
        findings,
        databases: vec![advisories.database.clone()],
        outdated: advisories.outdated(job.shared.began),
        limits: advisories.limits.clone(),
        ..Seen::default()
    };
    Ok(seen
        .looked_at(packages, "packages that the program names", least)
        .looked_at(entries, "advisories", LEAST))
}

/// Without the data it guesses from texts of panics, with exit code 0, or gives up; either way the program is no proof.
fn names_nothing(said: &Said) -> bool {
    [
        "was not built with 'cargo auditable'",
        "No dependency information found",
    ]
    .iter()
    .any(|words| said.stderr.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_name_its_packages_is_told_from_one_that_does() {
        let said = |stderr: &str| Said {
            code: 0,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let warning = "warning: /t/x was not built with 'cargo auditable', the report will be incomplete (1 dependencies recovered)";
        assert!(names_nothing(&said(warning)));
        assert!(names_nothing(&said(
            "error: parse error: No dependency information found! Is this a Rust executable built with cargo?"
        )));
        assert!(!names_nothing(&said("")));
    }
}

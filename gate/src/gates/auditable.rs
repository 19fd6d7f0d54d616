//! Gate `auditable`: cargo-audit over the packages that the release program itself lists. The lock file says what a build may
//! use, the program says what it used.

use harness::cargo_messages;

use crate::cargo::lock_file;
use crate::cargo::workspace;
use crate::config;
use crate::definition::{Gate, minutes};
use crate::gates::rustsec;
use crate::scan_context::{ScanContext, ToolOutput};
use crate::scan_result::{ScanOutcome, ScanResult};
use crate::scheduler::ResourceClass;

const BUILDER: &str = "cargo-auditable";

pub const GATE: Gate = Gate {
    id: "auditable",
    title: "The release program lists its packages, and none has a known vulnerability",
    tools: &[BUILDER, rustsec::SCANNER],
    resources: ResourceClass::Cargo,
    timeout: minutes(60),
    data: rustsec::revision,
    scan,
    expects: rustsec::EXPECTS,
    ..Gate::DEFAULT
};

fn scan(ctx: &ScanContext<'_>) -> ScanOutcome {
    let program = config::needed(ctx.config().program.as_ref(), "program")?;
    let builder = ctx.tool(BUILDER)?;
    ctx.tool(rustsec::SCANNER)?;
    rustsec::get(ctx.run_state)?;
    lock_file::fetch_packages(ctx)?;
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
    let built = ctx.run_ok(&command, "build")?;
    let mut executables = built.stdout.lines().filter_map(cargo_messages::executable);
    let executable = executables
        .next_back()
        .ok_or_else(|| built.failed("the build has no program"))?;
    let output = rustsec::audit(ctx, ["bin".into(), executable.into()])?;
    let (of, min) = (
        "packages that the program lists",
        if ctx.planted { 2 } else { program.min_packages },
    );
    if lists_nothing(&output) {
        return Ok(ScanResult::default().with_work(0, of, min));
    }
    rustsec::read(ctx, &output, of, min)
}

/// Without the list cargo-audit guesses packages from panic messages, with exit code 0, or fails.
fn lists_nothing(output: &ToolOutput) -> bool {
    let warnings = [
        "was not built with 'cargo auditable'",
        "No dependency information found",
    ];
    warnings.iter().any(|warning| output.stderr.contains(warning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_a_list_of_packages_is_recognised() {
        let warning = "warning: /t/x was not built with 'cargo auditable', the report will be incomplete (1 dependencies recovered)";
        assert!(lists_nothing(&ToolOutput::of(0, "", warning)));
        assert!(lists_nothing(&ToolOutput::of(
            0,
            "",
            "error: parse error: No dependency information found! Is this a Rust executable built with cargo?"
        )));
        assert!(!lists_nothing(&ToolOutput::of(0, "", "")));
    }
}

//! Cargo for gates that build: over the workspace in its own build folder, or over a planted crate in another one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use cargo_metadata::Metadata;
use harness::process::command::Command;

use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

/// All targets of a workspace.
#[derive(Debug, Default)]
pub struct Targets {
    /// Their main files.
    pub files: BTreeSet<String>,
    /// The features that they require, as `PACKAGE/FEATURE`: cargo skips targets whose features are disabled.
    pub features: BTreeSet<String>,
}

/// The compiler.
pub struct Compiler {
    /// The platform that it runs on.
    pub host: String,
    /// The output of `rustc --version --verbose`.
    pub version: String,
}

/// The folder of the manifest. The copy of the tree has no build folder, so a build there would start from nothing.
pub fn root(ctx: &ScanContext<'_>) -> PathBuf {
    if ctx.planted {
        ctx.subject.clone()
    } else {
        ctx.context().settings.root.clone()
    }
}

pub fn cargo<'a>(ctx: &ScanContext<'a>) -> Command<'a> {
    let cargo = ctx.cargo().current_dir(root(ctx));
    if ctx.planted {
        cargo.envs([("CARGO_TARGET_DIR", ctx.folder.join("target"))])
    } else {
        cargo
    }
}

pub fn compiler(ctx: &ScanContext<'_>) -> Result<Compiler, ScanError> {
    let command = ctx.program("rustc").current_dir(root(ctx));
    let output = ctx.run(&command.args(["--version", "--verbose"]), "rustc")?;
    let host = output.stdout.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or_else(|| output.failed("rustc does not report its host"))?;
    Ok(Compiler {
        host: host.to_owned(),
        version: output.stdout,
    })
}

/// Arguments for the features that the workspace needs on this machine.
///
/// # Errors
/// `ToolMissing` when the machine cannot build the workspace.
pub fn features(ctx: &ScanContext<'_>) -> Result<Vec<String>, ScanError> {
    let program = ctx.config().build_features.as_ref();
    let Some(program) = program.filter(|_| !ctx.planted) else {
        return Ok(Vec::new());
    };
    let output = ctx.run(&program.command(ctx.context(), &[]), "build-features")?;
    if output.code != 0 {
        let reason = output.stderr.trim_end().lines().next_back().unwrap_or_default();
        let reason = reason.trim_start_matches("error: ");
        return Err(ScanError::ToolMissing(reason.to_owned()));
    }
    let features = output.stdout.lines();
    Ok(features.map(|feature| format!("--features={feature}")).collect())
}

pub fn targets(ctx: &ScanContext<'_>) -> Result<Targets, ScanError> {
    let command = cargo(ctx).args(["metadata", "--no-deps", "--format-version=1"]);
    let metadata: Metadata = ctx.run(&command, "metadata")?.json()?;
    let mut targets = Targets::default();
    for package in metadata.packages {
        for target in package.targets {
            targets.files.insert(target.src_path.into_string());
            let features = target.required_features.into_iter();
            let features = features.map(|feature| format!("{}/{feature}", package.name));
            targets.features.extend(features);
        }
    }
    Ok(targets)
}

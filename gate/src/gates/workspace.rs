//! How gates that build call cargo: over our own workspace in its own build folder, or over a planted crate in another.

use std::collections::BTreeSet;
use std::path::PathBuf;

use harness::process::command::Command;
use serde::Deserialize;

use crate::config;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    src_path: String,
    #[serde(default, rename = "required-features")]
    needs: Vec<String>,
}

/// All targets of a workspace.
#[derive(Debug, Default)]
pub struct Targets {
    /// Their main files.
    pub files: BTreeSet<String>,
    /// The features, as `PACKAGE/FEATURE`, without which some would be passed over.
    pub features: BTreeSet<String>,
}

/// Where the manifest is. A build of the copied tree would begin from nothing in every run.
pub fn root(ctx: &ScanContext<'_>) -> PathBuf {
    match ctx.planted {
        true => ctx.subject.clone(),
        false => ctx.context().settings.root.clone(),
    }
}

/// Cargo at that place.
pub fn cargo<'a>(ctx: &ScanContext<'a>) -> Command<'a> {
    let cargo = ctx.cargo().current_dir(root(ctx));
    match ctx.planted {
        true => cargo.envs([("CARGO_TARGET_DIR", ctx.folder.join("target"))]),
        false => cargo,
    }
}

/// Cargo's arguments for the features that our workspace needs on this machine.
///
/// # Errors
/// `ToolMissing` when the machine can build nothing.
pub fn features(ctx: &ScanContext<'_>) -> Result<Vec<String>, ScanError> {
    if ctx.planted {
        return Ok(Vec::new());
    }
    if ctx.config().build_features.is_empty() {
        return Ok(Vec::new());
    }
    let command = config::command(ctx.context(), &ctx.config().build_features, &[]);
    let output = ctx.run(&command, "build-features")?;
    if output.code != 0 {
        let reason = output.stderr.trim_end().lines().next_back().unwrap_or_default();
        let reason = reason.trim_start_matches("error: ");
        return Err(ScanError::ToolMissing(reason.to_owned()));
    }
    let features = output.stdout.lines();
    Ok(features.map(|feature| format!("--features={feature}")).collect())
}

/// All targets.
pub fn targets(ctx: &ScanContext<'_>) -> Result<Targets, ScanError> {
    let command = cargo(ctx).args(["metadata", "--no-deps", "--format-version=1"]);
    let metadata: Metadata = ctx.run(&command, "metadata")?.json()?;
    let mut targets = Targets::default();
    for package in metadata.packages {
        for target in package.targets {
            targets.files.insert(target.src_path);
            let feature = |name: String| format!("{}/{name}", package.name);
            targets.features.extend(target.needs.into_iter().map(feature));
        }
    }
    Ok(targets)
}

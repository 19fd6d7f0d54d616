//! How gates that build call cargo: over our own workspace in its own build folder, or over a planted crate in another.

use std::collections::BTreeSet;
use std::path::PathBuf;

use harness::exit::Exit;
use harness::process::command::Call;
use serde::Deserialize;
use stack::service::prerequisites;

use crate::scan_context::Job;
use crate::scan_result::Trouble;

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
pub fn root(job: &Job<'_>) -> PathBuf {
    match job.planted {
        true => job.subject.clone(),
        false => job.context().settings.root.clone(),
    }
}

/// Cargo at that place.
pub fn cargo<'a>(job: &Job<'a>) -> Call<'a> {
    let cargo = job.cargo().within(root(job));
    match job.planted {
        true => cargo.envs([("CARGO_TARGET_DIR", job.folder.join("target"))]),
        false => cargo,
    }
}

/// Cargo's arguments for the features that our workspace needs on this machine.
///
/// # Errors
/// `NoTool` when the machine can build nothing.
pub fn features(job: &Job<'_>) -> Result<Vec<String>, Trouble> {
    if job.planted {
        return Ok(Vec::new());
    }
    let features = prerequisites::features(job.context()).map_err(|error| match error.is::<Exit>() {
        true => Trouble::Stopped,
        false => Trouble::NoTool(format!("{error:#}")),
    })?;
    let argument = |feature: &&str| format!("--features=portcullis/{feature}");
    Ok(features.iter().map(argument).collect())
}

/// All targets.
///
/// # Errors
/// `Broke` when cargo cannot read the manifests.
pub fn targets(job: &Job<'_>) -> Result<Targets, Trouble> {
    let call = cargo(job).args(["metadata", "--no-deps", "--format-version=1"]);
    let metadata: Metadata = job.run(&call, "metadata")?.json()?;
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

//! Installs a Go module: verifies its checksum before any of it is built.

use anyhow::{Result, ensure};
use harness::process::command::Command;
use serde::Deserialize;

use super::staging::StagingDir;
use super::tool::Module;

/// Dependencies are verified against Go's checksum database, whatever the user has configured.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("GOFLAGS", "-mod=readonly"),
    ("GOSUMDB", "sum.golang.org"),
    ("GONOSUMDB", ""),
    ("GOPRIVATE", ""),
    ("GOINSECURE", ""),
    ("GO111MODULE", "on"),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    #[serde(default)]
    sum: String,
}

/// Installs it into the staging folder.
pub(super) fn install(staging: &StagingDir<'_>, module: &Module) -> Result<()> {
    let (context, version) = (staging.context, &module.version);
    // Outside of any Go module.
    let go = || {
        Command::new(context, "go")
            .current_dir(&staging.scratch)
            .envs(ENVIRONMENT)
    };
    let spec = format!("{}@{version}", module.name);
    let told = staging.capture(&go().args(["mod", "download", "-json", &spec]))?;
    let downloaded: Downloaded = serde_json::from_str(&told)?;
    ensure!(
        downloaded.sum == module.checksum,
        "{spec} is not the module that was pinned: {}, not {}",
        downloaded.sum,
        module.checksum
    );
    let path = match module.package.as_str() {
        "" => spec,
        package => format!("{}/{package}@{version}", module.name),
    };
    let build = go().args(["install", "-trimpath", "-p=2"]).args(&module.flags);
    let build = build.args([path]).envs([("GOBIN", staging.folder.join("bin"))]);
    staging.run(&build)
}

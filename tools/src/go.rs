//! Installs a Go module: its checksum is compared with the table before any of it is built.

use anyhow::Result;
use harness::process::command::Command;
use serde::Deserialize;

use crate::staging::StagingDir;
use crate::tool::Package;

/// Dependencies are checked against Go's checksum database, whatever the user's settings exempt.
/// Programs are static: images of compose/ have no C library.
const ENVIRONMENT: [(&str, &str); 7] = [
    ("CGO_ENABLED", "0"),
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
pub(crate) fn install(staging: &StagingDir<'_>, module: &Package) -> Result<()> {
    // The working directory must not be inside of a module.
    let go = || {
        Command::new(staging.context, "go")
            .current_dir(&staging.scratch)
            .envs(ENVIRONMENT)
    };
    let spec = module.spec();
    let json = staging.capture(&go().args(["mod", "download", "-json", &spec]))?;
    let downloaded: Downloaded = serde_json::from_str(&json)?;
    module.ensure_pinned(&spec, &downloaded.sum)?;
    let path = match module.package.as_str() {
        "" => spec,
        package => format!("{}/{package}@{}", module.name, module.version),
    };
    let build = go().args(["install", "-trimpath", "-p=2"]).args(&module.flags);
    let build = build.args([path]).envs([("GOBIN", staging.folder.join("bin"))]);
    staging.run(&build)
}

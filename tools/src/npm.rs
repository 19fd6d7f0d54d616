//! Downloads a pinned npm package and installs its program; runs none of its scripts and installs no dependencies.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use harness::context::Context;
use harness::process::command::Command;
use serde::Deserialize;
use sha2::{Digest, Sha512};

use crate::staging::StagingDir;
use crate::tool::Package;

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    dependencies: BTreeMap<String, serde_json::Value>,
}

/// The command that downloads the package into this folder, and the file it writes. It runs no script.
pub fn pack<'a>(context: &'a Context, package: &Package, folder: &Path) -> (Command<'a>, PathBuf) {
    let name = package.name.trim_start_matches('@').replace('/', "-");
    let file = folder.join(format!("{name}-{}.tgz", package.version));
    let command =
        Command::new(context, "npm").args(["pack", &package.spec(), "--ignore-scripts", "--silent"]);
    let command = command.args(["--fetch-retries=1", "--fetch-timeout=60000", "--pack-destination"]);
    (command.args([folder]), file)
}

/// Fails unless the file has the pinned checksum.
pub fn ensure_pinned(package: &Package, file: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("no {}", file.display()))?;
    let digest = format!("sha512-{}", STANDARD.encode(Sha512::digest(&bytes)));
    package.ensure_pinned(&package.spec(), &digest)
}

/// Installs its program into the staging folder.
pub(crate) fn install(staging: &StagingDir<'_>, program: &str, package: &Package) -> Result<()> {
    let (command, file) = pack(staging.context, package, &staging.scratch);
    staging.run(&command)?;
    ensure_pinned(package, &file)?;
    unpack(staging, program, package, &file)
}

fn unpack(staging: &StagingDir<'_>, program: &str, package: &Package, file: &Path) -> Result<()> {
    let (lib, bin) = (staging.folder.join("lib"), staging.folder.join("bin"));
    fs::create_dir_all(&lib)?;
    fs::create_dir_all(&bin)?;
    let unpack =
        Command::new(staging.context, "tar").args(["-xzf".as_ref(), file.as_os_str(), "-C".as_ref()]);
    staging.run(&unpack.args([&lib]))?;
    let inside = lib.join("package");
    let manifest: Manifest = serde_json::from_slice(&fs::read(inside.join("package.json"))?)?;
    ensure!(
        manifest.dependencies.is_empty(),
        "{} depends on other packages, which nothing pins",
        package.name
    );
    let target = inside.join(program);
    let shown = || format!("{} has no file {program}", package.name);
    fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).with_context(shown)?;
    symlink(Path::new("../lib/package").join(program), bin.join(program))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::TestHome;

    /// Packs this manifest with a program `tool`, and unpacks it; answers the result and whether the program is executable.
    fn unpacked(name: &str, manifest: &str) -> (Result<()>, bool) {
        let home = TestHome::new(name);
        home.write("package/package.json", manifest);
        home.write("package/tool", "#!/bin/sh\n");
        let (staging, file) = (home.staging(), home.folder.join("x.tgz"));
        home.pack(&staging, &file, "package");
        let package = Package {
            name: "x".into(),
            ..Package::default()
        };
        let done = unpack(&staging, "tool", &package, &file);
        let program = staging.folder.join("bin/tool");
        let is_executable = fs::metadata(program).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0);
        (done, is_executable)
    }

    #[test]
    fn a_program_is_executable_and_a_package_with_dependencies_is_rejected() {
        let (done, is_executable) = unpacked("npm-good", "{}");
        assert!(done.is_ok() && is_executable, "{done:?}");
        let (done, is_executable) = unpacked("npm-bad", r#"{"dependencies": {"left-pad": "^1"}}"#);
        assert!(done.unwrap_err().to_string().contains("which nothing pins") && !is_executable);
    }
}

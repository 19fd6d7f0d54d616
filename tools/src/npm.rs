//! Installs an npm package: verifies its integrity, runs none of its scripts, and installs no dependencies.

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

use super::staging::StagingDir;
use super::tool::Package;

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    dependencies: BTreeMap<String, serde_json::Value>,
}

/// The command that downloads the package into this folder, and the resulting file. `npm pack` runs no script.
pub fn pack<'a>(context: &'a Context, package: &Package, folder: &Path) -> (Command<'a>, PathBuf) {
    let name = package.name.trim_start_matches('@').replace('/', "-");
    let file = folder.join(format!("{name}-{}.tgz", package.version));
    let spec = format!("{}@{}", package.name, package.version);
    let command = Command::new(context, "npm").args(["pack", &spec, "--ignore-scripts", "--silent"]);
    let command = command.args(["--fetch-retries=1", "--fetch-timeout=60000", "--pack-destination"]);
    (command.args([folder]), file)
}

/// Fails unless the file has the pinned integrity.
pub fn ensure_pinned(package: &Package, file: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("no {}", file.display()))?;
    let told = format!("sha512-{}", STANDARD.encode(Sha512::digest(&bytes)));
    ensure!(
        told == package.checksum,
        "{}@{} is not the package that was pinned: {told}, not {}",
        package.name,
        package.version,
        package.checksum
    );
    Ok(())
}

/// Installs its program into the staging folder.
pub(super) fn install(staging: &StagingDir<'_>, program: &str, package: &Package) -> Result<()> {
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
    use crate::table;
    use harness::process::shutdown::Stop;
    use harness::settings::Settings;
    use std::time::Duration;

    /// Packs this manifest with a program `tool` and unpacks it.
    fn unpacked(name: &str, manifest: &str) -> (PathBuf, Result<()>, bool) {
        let home = std::env::temp_dir().join(format!("xtask-npm-{name}-{}", std::process::id()));
        fs::create_dir_all(home.join("package")).unwrap();
        fs::write(home.join("package/package.json"), manifest).unwrap();
        fs::write(home.join("package/tool"), "#!/bin/sh\n").unwrap();
        let settings = Settings {
            cache: Some(home.clone()),
            ..Settings::read()
        };
        let (context, file) = (
            Context {
                settings,
                stop: Stop::default(),
            },
            home.join("x.tgz"),
        );
        let staging =
            StagingDir::open(&context, &table::get("uv").unwrap(), Duration::from_secs(60)).unwrap();
        let pack = Command::new(&context, "tar").args(["-czf".as_ref(), file.as_os_str(), "-C".as_ref()]);
        staging
            .run(&pack.args([home.as_os_str(), "package".as_ref()]))
            .unwrap();
        let package = Package {
            name: "x".into(),
            version: "1.0.0".into(),
            checksum: String::new(),
        };
        let done = unpack(&staging, "tool", &package, &file);
        let program = staging.folder.join("bin/tool");
        let runs = fs::metadata(program).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0);
        (home, done, runs)
    }

    #[test]
    fn a_program_can_be_run_and_one_that_needs_other_packages_is_refused() {
        let (home, done, runs) = unpacked("good", "{}");
        assert!(done.is_ok() && runs, "{done:?}");
        fs::remove_dir_all(home).unwrap();
        let (home, done, runs) = unpacked("bad", r#"{"dependencies": {"left-pad": "^1"}}"#);
        assert!(done.unwrap_err().to_string().contains("which nothing pins") && !runs);
        fs::remove_dir_all(home).unwrap();
    }
}

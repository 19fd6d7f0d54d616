//! Downloads pinned npm packages and installs a program: one package without dependencies, or several with a lock file. Runs none
//! of their scripts.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use harness::checksum;
use harness::context::Context;
use harness::process::command::Command;
use serde::Deserialize;
use sha2::{Digest, Sha512};

use crate::staging::StagingDir;
use crate::tool::{Package, Tool};

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
pub(crate) fn install(staging: &StagingDir<'_>, tool: &Tool, package: &Package) -> Result<()> {
    if !package.with.is_empty() {
        return install_locked(staging, tool, package);
    }
    let program = &tool.program;
    let (command, file) = pack(staging.context, package, &staging.scratch);
    staging.run(&command)?;
    ensure_pinned(package, &file)?;
    unpack(staging, program, package, &file)
}

/// `npm ci` installs exactly the packages of the lock file, each with the hash there.
fn install_locked(staging: &StagingDir<'_>, tool: &Tool, package: &Package) -> Result<()> {
    let lock = lock_file(staging.context, &tool.name);
    package.ensure_pinned(&lock.display().to_string(), &checksum::of_file(&lock)?)?;
    let (lib, bin) = (staging.folder.join("lib"), staging.folder.join("bin"));
    fs::create_dir_all(&lib)?;
    fs::create_dir_all(&bin)?;
    fs::write(lib.join("package.json"), manifest(package)?)?;
    fs::copy(&lock, lib.join("package-lock.json"))?;
    let install = Command::new(staging.context, "npm").current_dir(&lib);
    staging.run(&install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    let program = Path::new("../lib/node_modules/.bin").join(&tool.program);
    symlink(program, bin.join(&tool.program))?;
    Ok(())
}

/// The lock file of a tool with dependencies.
pub(crate) fn lock_file(context: &Context, tool: &str) -> PathBuf {
    let locks = context.settings.root.join("security").join("locks");
    locks.join(format!("{tool}.json"))
}

/// The lock file's text: all dependencies with their hashes.
pub(crate) fn lock(context: &Context, package: &Package) -> Result<String> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("package.json"), manifest(package)?)?;
    let resolve = Command::new(context, "npm").current_dir(folder.path());
    let resolve = resolve.args(["install", "--package-lock-only", "--ignore-scripts"]);
    let output = resolve.args(["--omit-lockfile-registry-resolved"]).capture()?;
    ensure!(
        output.status.success(),
        "{}: {}",
        package.name,
        output.stderr.trim()
    );
    Ok(fs::read_to_string(folder.path().join("package-lock.json"))?)
}

/// A manifest that depends on the package and on those that are installed with it.
fn manifest(package: &Package) -> Result<String> {
    let with = package.with.iter().map(|spec| {
        let parts = spec.rsplit_once('@');
        parts.with_context(|| format!("{spec} is not NAME@VERSION"))
    });
    let mut dependencies = with.collect::<Result<BTreeMap<&str, &str>>>()?;
    dependencies.insert(&package.name, &package.version);
    let manifest = serde_json::json!({ "name": "tool", "private": true, "dependencies": dependencies });
    Ok(format!("{manifest:#}\n"))
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
    fn a_manifest_depends_on_exact_versions() {
        let package = Package {
            name: "x".into(),
            version: "1.0.0".into(),
            with: vec!["@a/b@2.0.0".into()],
            ..Package::default()
        };
        let text = manifest(&package).unwrap();
        assert!(
            text.contains(r#""@a/b": "2.0.0""#) && text.contains(r#""x": "1.0.0""#),
            "{text}"
        );
    }

    #[test]
    fn a_changed_lock_file_is_rejected_before_npm_runs() {
        let home = TestHome::new("npm-lock");
        let tool = crate::table::get("openapi-typescript").unwrap();
        let package = Package {
            checksum: "0".repeat(64),
            ..tool.install.package().unwrap().clone()
        };
        let error = install(&home.staging(), &tool, &package).unwrap_err().to_string();
        assert!(error.contains("does not match the pinned checksum"), "{error}");
    }

    #[test]
    fn a_program_is_executable_and_a_package_with_dependencies_is_rejected() {
        let (done, is_executable) = unpacked("npm-good", "{}");
        assert!(done.is_ok() && is_executable, "{done:?}");
        let (done, is_executable) = unpacked("npm-bad", r#"{"dependencies": {"left-pad": "^1"}}"#);
        assert!(done.unwrap_err().to_string().contains("which nothing pins") && !is_executable);
    }
}

//! Installs a crate: the `.crate` that cargo downloads is compared with the table, then built with its own lock file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use harness::checksum;
use harness::process::command::Command;

use crate::staging::StagingDir;
use crate::tool::Package;

/// Builds fast rather than small: no tool of the gate is slow enough to need optimization.
const PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
];

/// Leaves CPU time on a small machine for gates that run at the same time.
const JOBS: &str = "2";

/// Installs it into the staging folder.
pub(crate) fn install(staging: &StagingDir<'_>, package: &Package) -> Result<()> {
    let spec = package.spec();
    // The only cargo command that downloads a crate without building it.
    let fetch = Command::cargo(staging.context).args(["info", "--registry", "crates-io", &spec]);
    staging.run(&fetch)?;
    let file = pinned(staging, package)?;
    let unpack = Command::new(staging.context, "tar").args(["-xzf".into(), file, "-C".into()]);
    staging.run(&unpack.args([&staging.scratch]))?;
    let source = staging
        .scratch
        .join(format!("{}-{}", package.name, package.version));
    let build = Command::cargo(staging.context)
        .args(["install", "--locked", "--jobs", JOBS, "--path"])
        .args([source.as_path(), "--root".as_ref(), staging.folder.as_path()])
        .envs(PROFILE)
        .envs([("CARGO_TARGET_DIR", &staging.build)]);
    staging.run(&build)?;
    for component in &package.components {
        add_component(staging, component)?;
    }
    Ok(())
}

/// The `.crate` with the pinned checksum in cargo's registry cache.
fn pinned(staging: &StagingDir<'_>, package: &Package) -> Result<OsString> {
    let name = format!("{}-{}.crate", package.name, package.version);
    let home = staging.context.settings.cargo_home.as_ref();
    let registries = home
        .context("set CARGO_HOME or HOME")?
        .join("registry")
        .join("cache");
    let folders = fs::read_dir(&registries).with_context(|| format!("no {}", registries.display()))?;
    let files = folders.flatten().map(|folder| folder.path().join(&name));
    let mut by_digest = files
        .filter(|file| file.is_file())
        .map(|file| Ok((checksum::of_file(&file)?, file)))
        .collect::<Result<BTreeMap<String, PathBuf>>>()?;
    if let Some(file) = by_digest.remove(&package.checksum) {
        return Ok(file.into());
    }
    let digests: Vec<String> = by_digest.into_keys().collect();
    ensure!(
        !digests.is_empty(),
        "cargo left no {name} in {}",
        registries.display()
    );
    Err(package.mismatch(&name, &digests.join(", ")))
}

/// Adds a component to the toolchain of this repository if it is missing.
fn add_component(staging: &StagingDir<'_>, component: &str) -> Result<()> {
    if component == "llvm-tools" && has_llvm_tools(staging)? {
        return Ok(());
    }
    let rustup = staging.context.settings.find_program("rustup");
    let rustup =
        rustup.with_context(|| format!("add {component} to the Rust toolchain: there is no rustup"))?;
    staging.run(&Command::new(staging.context, rustup).args(["component", "add", component]))
}

fn has_llvm_tools(staging: &StagingDir<'_>) -> Result<bool> {
    let rustc = Command::new(staging.context, "rustc").args(["--print", "target-libdir"]);
    let libraries = PathBuf::from(staging.capture(&rustc)?.trim());
    let tools = libraries.parent().map(|above| above.join("bin"));
    Ok(tools.is_some_and(|tools| {
        ["llvm-cov", "llvm-profdata"]
            .iter()
            .all(|tool| tools.join(tool).is_file())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::TestHome;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    /// Downloads nothing, and records the arguments of `cargo install`.
    const CARGO: &str = r#"test "$1" != install || echo "$* $CARGO_TARGET_DIR $(ls "$6")" > "$0.args""#;

    #[test]
    fn the_pinned_crate_among_several_is_built_with_its_own_lock_file() {
        let home = TestHome::new("crates");
        for registry in ["one", "two"] {
            fs::create_dir_all(home.folder.join("registry/cache").join(registry)).unwrap();
        }
        home.write("x-1.0.0/Cargo.lock", "");
        home.write("cargo.sh", CARGO);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/install/fake_tool.sh");
        symlink(script, home.folder.join("cargo")).unwrap();
        let staging = home.staging();
        let file = home.folder.join("registry/cache/two/x-1.0.0.crate");
        home.pack(&staging, &file, "x-1.0.0");
        home.write("registry/cache/one/x-1.0.0.crate", "another");
        let mut package = Package {
            name: "x".into(),
            version: "1.0.0".into(),
            checksum: checksum::of_file(&file).unwrap(),
            ..Package::default()
        };
        install(&staging, &package).unwrap();
        let args = fs::read_to_string(home.folder.join("cargo.args")).unwrap();
        assert!(args.starts_with("install --locked --jobs 2 --path "), "{args}");
        assert!(
            args.contains(".build/uv-") && args.trim_end().ends_with("Cargo.lock"),
            "{args}"
        );
        package.checksum = "0".repeat(64);
        let error = install(&staging, &package).unwrap_err().to_string();
        assert!(error.contains("does not match the pinned checksum"), "{error}");
    }
}

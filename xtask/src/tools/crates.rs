//! Installs a crate: the .crate that cargo got, compared with the table, then built from just that with its own lock file.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::aside::Aside;
use super::record;
use super::tool::Crate;
use crate::run::Call;

/// Builds quickly: no tool of the gate is slow enough for more.
const PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
];

/// More at once would leave nothing of a small machine for the gates beside it.
const JOBS: &str = "2";

/// Installs it into the folder aside.
///
/// # Errors
/// When another crate came, or it does not build.
pub(super) fn install(aside: &Aside<'_>, package: &Crate) -> Result<()> {
    let spec = format!("{}@{}", package.name, package.version);
    // The one command of cargo that gets a crate and builds nothing of it.
    let fetch = Call::cargo(aside.context).args(["info", "--registry", "crates-io", &spec]);
    aside.run(&fetch)?;
    let file = pinned(aside, package)?;
    let unpack = Call::new(aside.context, "tar").args(["-xzf".into(), file, "-C".into()]);
    aside.run(&unpack.args([&aside.scratch]))?;
    let source = aside
        .scratch
        .join(format!("{}-{}", package.name, package.version));
    let build = Call::cargo(aside.context)
        .args(["install", "--locked", "--jobs", JOBS, "--path"])
        .args([source.as_path(), "--root".as_ref(), aside.folder.as_path()])
        .envs(PROFILE)
        .envs([("CARGO_TARGET_DIR", &aside.build)]);
    aside.run(&build)?;
    for component in &package.components {
        add(aside, component)?;
    }
    Ok(())
}

/// The .crate with this checksum among those that cargo keeps.
fn pinned(aside: &Aside<'_>, package: &Crate) -> Result<OsString> {
    let name = format!("{}-{}.crate", package.name, package.version);
    let home = aside.context.settings.cargo_home.as_ref();
    let registries = home
        .context("set CARGO_HOME or HOME")?
        .join("registry")
        .join("cache");
    let folders = fs::read_dir(&registries).with_context(|| format!("no {}", registries.display()))?;
    let files = folders.flatten().map(|folder| folder.path().join(&name));
    let mut told = Vec::new();
    for file in files.filter(|file| file.is_file()) {
        let digest = record::digest(&file)?;
        if digest == package.checksum {
            return Ok(file.into());
        }
        told.push(digest);
    }
    match told.as_slice() {
        [] => bail!("cargo left no {name} in {}", registries.display()),
        told => bail!(
            "{name} is not the crate that was pinned: {}, not {}",
            told.join(", "),
            package.checksum
        ),
    }
}

/// Adds a component to the toolchain of this repository, where it is missing.
fn add(aside: &Aside<'_>, component: &str) -> Result<()> {
    if component == "llvm-tools" && has_llvm_tools(aside)? {
        return Ok(());
    }
    let rustup = aside.context.settings.find_program("rustup");
    let rustup =
        rustup.with_context(|| format!("add {component} to the Rust toolchain: there is no rustup"))?;
    aside.run(&Call::new(aside.context, rustup).args(["component", "add", component]))
}

fn has_llvm_tools(aside: &Aside<'_>) -> Result<bool> {
    let rustc = Call::new(aside.context, "rustc").args(["--print", "target-libdir"]);
    let libraries = PathBuf::from(aside.capture(&rustc)?.trim());
    let tools = libraries.parent().map(|above| above.join("bin"));
    Ok(tools.is_some_and(|tools| {
        ["llvm-cov", "llvm-profdata"]
            .iter()
            .all(|tool| tools.join(tool).is_file())
    }))
}

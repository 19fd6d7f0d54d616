//! Installs a crate: downloads the `.crate` with cargo, verifies its checksum, and builds exactly that with its own lock file.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use harness::checksum;
use harness::process::command::Command;

use super::staging::StagingDir;
use super::tool::Crate;

/// A quick build: no tool of the gate needs optimisations.
const PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
];

/// Leaves capacity for the gates that run at the same time.
const JOBS: &str = "2";

/// Installs it into the staging folder.
pub(super) fn install(staging: &StagingDir<'_>, package: &Crate) -> Result<()> {
    let spec = format!("{}@{}", package.name, package.version);
    // The only command of cargo that downloads a crate without building it.
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
        add(staging, component)?;
    }
    Ok(())
}

/// The `.crate` file with this checksum in cargo's cache.
fn pinned(staging: &StagingDir<'_>, package: &Crate) -> Result<OsString> {
    let name = format!("{}-{}.crate", package.name, package.version);
    let home = staging.context.settings.cargo_home.as_ref();
    let registries = home
        .context("set CARGO_HOME or HOME")?
        .join("registry")
        .join("cache");
    let folders = fs::read_dir(&registries).with_context(|| format!("no {}", registries.display()))?;
    let files = folders.flatten().map(|folder| folder.path().join(&name));
    let mut told = Vec::new();
    for file in files.filter(|file| file.is_file()) {
        let digest = checksum::of_file(&file)?;
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

/// Adds a missing component to the toolchain of this repository.
fn add(staging: &StagingDir<'_>, component: &str) -> Result<()> {
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
    use crate::table;
    use harness::context::Context;
    use harness::process::shutdown::Stop;
    use harness::settings::Settings;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::time::Duration;

    /// Downloads nothing, and records the arguments of the build.
    const CARGO: &str = r#"test "$1" != install || echo "$* $CARGO_TARGET_DIR $(ls "$6")" > "$0.args""#;

    #[test]
    fn the_pinned_crate_among_several_is_built_with_its_own_lock_file() {
        let home = std::env::temp_dir().join(format!("xtask-crates-{}", std::process::id()));
        let cargo = home.join("cargo");
        for registry in ["one", "two"] {
            fs::create_dir_all(home.join("registry/cache").join(registry)).unwrap();
        }
        let inside = home.join("x-1.0.0");
        fs::create_dir_all(&inside).unwrap();
        fs::write(inside.join("Cargo.lock"), "").unwrap();
        fs::write(home.join("cargo.sh"), CARGO).unwrap();
        let pretend = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/install/pretend.sh");
        symlink(pretend, &cargo).unwrap();
        let settings = Settings {
            cache: Some(home.clone()),
            cargo_home: Some(home.clone()),
            cargo: cargo.into(),
            ..Settings::read()
        };
        let context = Context {
            settings,
            stop: Stop::default(),
        };
        let staging =
            StagingDir::open(&context, &table::get("uv").unwrap(), Duration::from_secs(60)).unwrap();
        let file = home.join("registry/cache/two/x-1.0.0.crate");
        let pack = Command::new(&context, "tar").args(["-czf".as_ref(), file.as_os_str(), "-C".as_ref()]);
        staging
            .run(&pack.args([home.as_os_str(), "x-1.0.0".as_ref()]))
            .unwrap();
        fs::write(home.join("registry/cache/one/x-1.0.0.crate"), "another").unwrap();
        let mut package = Crate {
            name: "x".into(),
            version: "1.0.0".into(),
            checksum: checksum::of_file(&file).unwrap(),
            components: Vec::new(),
        };
        install(&staging, &package).unwrap();
        let args = fs::read_to_string(home.join("cargo.args")).unwrap();
        assert!(args.starts_with("install --locked --jobs 2 --path "), "{args}");
        assert!(
            args.contains(".build/uv-") && args.trim_end().ends_with("Cargo.lock"),
            "{args}"
        );
        package.checksum = "0".repeat(64);
        let refused = install(&staging, &package).unwrap_err().to_string();
        assert!(refused.contains("is not the crate that was pinned"), "{refused}");
        drop(staging);
        fs::remove_dir_all(home).unwrap();
    }
}

//! A base for the build without a registry: Debian by debootstrap, with this machine's Rust.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use harness::output::print;
use harness::process::command::Command;

use crate::build;
use crate::engine::{Engine, Kind};
use crate::engine_files;
use crate::source::{self, Base};

/// A C compiler for the C code of crates; perl and make for OpenSSL; the CA certificates become part of the image.
const PACKAGES: &str = "--include=ca-certificates,gcc,libc6-dev,make,perl";

/// Where the base has Rust, and cargo's home, as in the public image.
const RUST: &str = "usr/local/rust";
const CARGO_HOME: &str = "usr/local/cargo";

/// The environment of the base.
const VARIABLES: [&str; 2] = [
    "PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "CARGO_HOME=/usr/local/cargo",
];

/// The base for a build: the pinned one if it is here or can be pulled (`None`), else a local one, which is made if it is missing. A local
/// one has the packages of the day on which it was made, so it is never preferred. Prints which one it is.
pub fn any(engine: &Engine<'_>) -> Result<Option<String>> {
    let wanted = source::base(&engine.context.settings.root)?;
    if build::pull(engine, &wanted.image).is_ok() {
        print(&format!("base of the build: {}", wanted.image));
        return Ok(None);
    }
    let local = name(&wanted);
    print(&format!(
        "base of the build: {local}, because the pinned one cannot be pulled"
    ));
    if !engine.has_image(&local)? {
        make(engine)?;
    }
    Ok(Some(local))
}

/// Makes the base unless it is on this machine; returns its name.
pub fn make(engine: &Engine<'_>) -> Result<(String, String)> {
    let wanted = source::base(&engine.context.settings.root)?;
    let name = name(&wanted);
    if engine.has_image(&name)? {
        return Ok((name.clone(), format!("{name} is there")));
    }
    let sysroot = sysroot(engine, &wanted)?;
    let work = tempfile::Builder::new()
        .prefix("base-")
        .tempdir_in(engine_files::folder(engine.context)?)?;
    let root = work.path().join("root");
    bootstrap(engine, &wanted.suite, &root)?;
    copy_rust(engine, &sysroot, &root)?;
    let file = work.path().join("root.tar");
    run(engine, "tar", |tar| {
        tar.args([
            "--create",
            "--numeric-owner",
            "--exclude=./proc/*",
            "--exclude=./sys/*",
        ])
        .args(["--exclude=./var/cache/apt/archives/*.deb", "--file"])
        .args([&file])
        .args(["--directory"])
        .args([&root])
        .args(["."])
    })?;
    fs::remove_dir_all(&root)?;
    import(engine, &file, &name)?;
    Ok((name.clone(), name))
}

fn name(base: &Base) -> String {
    format!("localhost/portcullis-rust:{}-{}", base.rust, base.suite)
}

/// The folder of this machine's Rust, which must be of the pinned version.
fn sysroot(engine: &Engine<'_>, wanted: &Base) -> Result<PathBuf> {
    let rustc = |args: &[&'static str]| {
        let command = Command::new(engine.context, "rustc");
        command.args(args.iter().copied()).output()
    };
    let version = rustc(&["--version"])?;
    let found = version.split_whitespace().nth(1).unwrap_or_default();
    ensure!(
        found == wanted.rust,
        "this machine has Rust {found}, the Dockerfile pins {}: `rustup toolchain install {0}`",
        wanted.rust
    );
    Ok(rustc(&["--print", "sysroot"])?.trim().into())
}

fn bootstrap(engine: &Engine<'_>, suite: &str, root: &Path) -> Result<()> {
    if engine.context.settings.find_program("debootstrap").is_none() {
        bail!("`--bases` needs debootstrap: install it, for example `apt-get install debootstrap`");
    }
    let command = Command::new(engine.context, "debootstrap").args(["--variant=minbase", PACKAGES, suite]);
    let finished = command.args([root]).capture()?;
    let output = format!("{}{}", finished.stdout, finished.stderr);
    let last = output.trim_end().lines().next_back().unwrap_or_default();
    ensure!(
        finished.status.success(),
        "debootstrap failed, which needs root and a mirror of Debian: {last}"
    );
    Ok(())
}

/// Without documents, which are larger than the rest.
fn copy_rust(engine: &Engine<'_>, sysroot: &Path, root: &Path) -> Result<()> {
    let rust = root.join(RUST);
    for folder in [rust.clone(), root.join(CARGO_HOME)] {
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let parts = ["bin", "lib"].map(|part| sysroot.join(part));
    run(engine, "cp", |cp| cp.args(["--archive"]).args(parts).args([rust]))
}

fn import(engine: &Engine<'_>, file: &Path, name: &str) -> Result<()> {
    if engine.kind == Kind::Buildah {
        return import_with_buildah(engine, file, name);
    }
    let mut command = engine.command(["import"]);
    for variable in VARIABLES {
        command = command.args(["--change".to_owned(), format!("ENV {variable}")]);
    }
    command.args([file]).args([name]).output()?;
    Ok(())
}

/// It has no `import`.
fn import_with_buildah(engine: &Engine<'_>, file: &Path, name: &str) -> Result<()> {
    let container = engine.command(["from", "scratch"]).output()?;
    let container = container.trim();
    let fill = || {
        engine
            .command(["add", "--quiet", container])
            .args([file])
            .args(["/"])
            .output()?;
        for variable in VARIABLES {
            engine
                .command(["config", "--env", variable, container])
                .output()?;
        }
        engine.command(["commit", "--quiet", container, name]).output()
    };
    let filled = fill();
    engine.command(["rm", container]).output()?;
    filled.map(drop)
}

fn run<'a>(
    engine: &Engine<'a>,
    program: &str,
    arguments: impl FnOnce(Command<'a>) -> Command<'a>,
) -> Result<()> {
    arguments(Command::new(engine.context, program)).output()?;
    Ok(())
}

#[cfg(test)]
mod tests {

    use harness::context::Context;
    use harness::process::script;
    use harness::process::shutdown::Stop;
    use harness::settings::Settings;

    use super::*;

    /// podman with a local base; with `pulls` it reaches the registry.
    fn chosen(pulls: bool) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("podman");
        let text = format!(
            "#!/bin/sh\ncase \"$*\" in\ninfo*) echo 4.3.1 ;;\n'image inspect localhost/'*) ;;\npull*) {pulls} ;;\n*) exit 1 ;;\nesac\n"
        );
        script::write(&program, &text).unwrap();
        let context = Context {
            settings: Settings {
                path: folder.path().into(),
                cache: Some(folder.path().to_owned()),
                ..Settings::read()
            },
            stop: Stop::default(),
        };
        let engine = Engine::of(&context, Kind::Podman).unwrap();
        any(&engine).unwrap()
    }

    /// L2: A local base, which has no later updates, never takes the place of the pinned one.
    #[test]
    fn the_pinned_base_is_preferred() {
        assert_eq!(chosen(true), None);
        let local = chosen(false).unwrap();
        assert!(local.starts_with("localhost/portcullis-rust:"), "{local}");
    }
}

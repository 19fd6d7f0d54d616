//! Builds the service's program. A build needs a C compiler, and OpenSSL or the tools to build it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use harness::cargo_messages;
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;

/// Builds the service and returns the program's path.
pub fn service(context: &Context, release: bool) -> Result<PathBuf> {
    service_of(context, &context.settings.root, release)
}

/// Builds the service of another working tree, with the same folder of builds: packages from a registry are built once, and the
/// program is replaced by the next build.
pub fn service_of(context: &Context, tree: &Path, release: bool) -> Result<PathBuf> {
    let features = features(context)?;
    let mut command = Command::cargo(context)
        .current_dir(tree)
        .envs([("CARGO_TARGET_DIR", &context.settings.target)])
        .args([
            "build",
            "--locked",
            "--package",
            "portcullis",
            "--bin",
            "portcullis",
        ])
        .args(["--message-format", "json-render-diagnostics"]);
    if release {
        command = command.args(["--release"]);
    }
    if !features.is_empty() {
        command = command.args(["--features", &features.join(",")]);
    }
    let mut program = None;
    let status = command.lines(|line| program = cargo_messages::executable(line).or(program.take()))?;
    ensure!(status.success(), "the service does not build");
    program.context("cargo did not report the path of the program")
}

/// The service's cargo features for this machine; an error names what to install.
pub fn features(context: &Context) -> Result<Vec<&'static str>> {
    let settings = &context.settings;
    let compiler = settings.cc.clone().unwrap_or_else(|| "cc".into());
    if settings.find_program(&compiler).is_none() && !Path::new(&compiler).is_file() {
        bail!(
            "no C compiler (`{}`) found: install one, for example `apt-get install gcc libc6-dev`",
            compiler.display()
        );
    }
    // On macOS and BSD the build script finds OpenSSL.
    if settings.openssl_given || !cfg!(target_os = "linux") || has_openssl_headers(context)? {
        return Ok(Vec::new());
    }
    if can_build_openssl(context)? {
        return Ok(vec!["vendored-openssl"]);
    }
    bail!(
        "OpenSSL's headers are missing, and so is what builds them (perl with its modules, make): install one of \
         both, for example `apt-get install pkg-config libssl-dev` or `apt-get install perl make`"
    )
}

/// Prints them as `PACKAGE/FEATURE`, one a line.
pub fn print_features(context: &Context) -> Result<()> {
    for feature in features(context)? {
        print(&format!("portcullis/{feature}"));
    }
    Ok(())
}

/// The build script finds OpenSSL through pkg-config only: the headers alone are not enough.
fn has_openssl_headers(context: &Context) -> Result<bool> {
    succeeds(context, "pkg-config", &["--exists", "openssl >= 1.1.0"])
}

/// OpenSSL's Configure is a perl script. Small images have a perl without these modules.
fn can_build_openssl(context: &Context) -> Result<bool> {
    let script = "use FindBin; use IPC::Cmd; use File::Compare; use File::Copy; use Time::Piece;";
    Ok(context.settings.find_program("make").is_some() && succeeds(context, "perl", &["-e", script])?)
}

/// False also when the program is not installed.
fn succeeds(context: &Context, program: &str, args: &[&str]) -> Result<bool> {
    let Some(program) = context.settings.find_program(program) else {
        return Ok(false);
    };
    let finished = Command::new(context, program).args(args).capture()?;
    Ok(finished.status.success())
}

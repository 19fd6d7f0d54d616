//! What a build of the service needs: a C compiler, and OpenSSL or the tools to build it.

use std::path::Path;

use anyhow::{Result, bail};
use harness::context::Context;
use harness::process::command::Command;

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
        println!("portcullis/{feature}");
    }
    Ok(())
}

/// The build script finds OpenSSL through pkg-config only: the headers alone are not enough.
fn has_openssl_headers(context: &Context) -> Result<bool> {
    let Some(pkg_config) = context.settings.find_program("pkg-config") else {
        return Ok(false);
    };
    Ok(Command::new(context, pkg_config)
        .args(["--exists", "openssl >= 1.1.0"])
        .capture()?
        .status
        .success())
}

/// OpenSSL's Configure is a perl script. Small images have a perl without these modules.
fn can_build_openssl(context: &Context) -> Result<bool> {
    let settings = &context.settings;
    let (Some(perl), Some(_make)) = (settings.find_program("perl"), settings.find_program("make")) else {
        return Ok(false);
    };
    let modules = [
        "-MFindBin",
        "-MIPC::Cmd",
        "-MFile::Compare",
        "-MFile::Copy",
        "-MTime::Piece",
        "-e",
        "1",
    ];
    Ok(Command::new(context, perl)
        .args(modules)
        .capture()?
        .status
        .success())
}

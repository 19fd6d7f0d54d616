//! What the images of the parts are built from: files of compose/, and programs in Go.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use harness::checksum;
use harness::context::Context;
use harness::process::command::Command;
use tools::{find, install, table};

/// Files and folders of compose/ that the build reads.
const SOURCES: [&str; 5] = ["Dockerfile", "image", "observability", "parts.sh", "postgresql"];

/// Folders with programs of our own, in the module `programs`.
const OWN: [&str; 2] = ["collector", "healthcheck"];

/// Programs of `security/tools.toml`.
const TOOLS: [&str; 2] = ["mailpit", "victoria-logs"];

/// The tag of the images: a digest of everything that they are built from.
pub fn digest(context: &Context) -> Result<String> {
    let folder = folder(context);
    let mut files = Vec::new();
    for source in SOURCES.iter().chain(&["programs"]) {
        add_files(&folder.join(source), &mut files)?;
    }
    files.sort();
    let mut text = String::new();
    for file in files {
        let path = file.strip_prefix(&folder)?;
        text += &format!("{}  {}\n", checksum::of_file(&file)?, path.display());
    }
    for name in TOOLS {
        let tool = table::get(name)?;
        let package = tool.install.package().context("a tool from a registry")?;
        text += &format!("{}  {name}\n", package.checksum);
    }
    Ok(checksum::of(text).chars().take(12).collect())
}

/// Fails without Go.
pub fn ensure_go(context: &Context) -> Result<()> {
    ensure!(
        context.settings.find_program("go").is_some(),
        "the images need Go (`go`): install it first"
    );
    Ok(())
}

/// Builds the programs, and collects everything in the folder that the engine builds from.
pub fn stage(context: &Context) -> Result<PathBuf> {
    let staged = context.settings.target.join("compose/context");
    let _of_an_earlier_build = fs::remove_dir_all(&staged);
    fs::create_dir_all(&staged).with_context(|| format!("cannot create {}", staged.display()))?;
    let folder = folder(context);
    for source in SOURCES {
        let mut files = Vec::new();
        add_files(&folder.join(source), &mut files)?;
        for file in files {
            copy(&file, &staged.join(file.strip_prefix(&folder)?))?;
        }
    }
    ensure_go(context)?;
    for program in OWN {
        let build = Command::new(context, "go").current_dir(folder.join("programs"));
        let build = build
            .envs([("CGO_ENABLED", "0"), ("GOFLAGS", "-mod=readonly")])
            .args([
                "build",
                "-trimpath",
                "-buildvcs=false",
                "-p=2",
                "-ldflags=-s -w",
                "-o",
            ])
            .args([staged.join(program)]);
        build.args([format!("./{program}")]).output()?;
    }
    for name in TOOLS {
        let tool = table::get(name)?;
        if find::find(context, &tool)?.is_err() {
            install::install(context, &tool, false)?;
        }
        let found = find::find(context, &tool)?.map_err(anyhow::Error::msg)?;
        copy(&found.file, &staged.join(name))?;
    }
    Ok(staged)
}

fn folder(context: &Context) -> PathBuf {
    context.settings.root.join("compose")
}

fn add_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            add_files(&entry?.path(), files)?;
        }
    } else {
        files.push(path.to_owned());
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = to
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::copy(from, to));
    copied.with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

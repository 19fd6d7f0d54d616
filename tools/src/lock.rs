//! `cargo xtask tools lock NAME`: rewrites the lock file of a tool from PyPI or npm with all of its dependencies and the hash of
//! every file, for any platform. The result is to be reviewed and committed.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use harness::checksum;
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;

use crate::tool::{Install, Package, Tool};
use crate::{find, install, npm, pypi, table};

const COMPILE: [&str; 11] = [
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--python-version",
    pypi::PYTHON,
    "--only-binary=:all:",
    "--system-certs",
];

/// Rewrites the lock files of these tools.
pub(crate) fn run(context: &Context, names: &[String]) -> Result<()> {
    for name in names {
        let tool = table::get(name)?;
        let (package, file, text) = match &tool.install {
            Install::Pypi(package) => {
                let text = resolve(&Command::new(context, uv(context)?), context, &tool, package)?;
                (package, pypi::lock_file(context, name), text)
            }
            Install::Npm(package) if !package.with.is_empty() => {
                let text = npm::lock(context, package)?;
                (package, npm::lock_file(context, name), text)
            }
            _ => bail!("{name} has no lock file: only its checksum in security/tools.toml pins it"),
        };
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let (digest, file) = (checksum::of_file(&file)?, file.display());
        print(&if digest == package.checksum {
            format!("same     {file}")
        } else {
            format!("new      {file}: checksum = \"{digest}\" in security/tools.toml")
        });
    }
    Ok(())
}

/// uv, installed if it is missing.
fn uv(context: &Context) -> Result<PathBuf> {
    let uv = table::get("uv")?;
    install::install(context, &uv, false)?;
    match find::find(context, &uv)? {
        Ok(program) => Ok(program.file),
        Err(why) => bail!(why),
    }
}

fn resolve(uv: &Command<'_>, context: &Context, tool: &Tool, package: &Package) -> Result<String> {
    let folder = context.settings.target.join("xtask");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let input = folder.join(format!("{}-{}.in", tool.name, std::process::id()));
    let mut requirements = vec![format!("{}=={}", package.name, package.version)];
    requirements.extend(package.with.iter().cloned());
    if !package.sources.is_empty() {
        requirements.push("setuptools".to_owned());
    }
    fs::write(&input, requirements.join("\n") + "\n")?;
    let sources = package.sources.iter().flat_map(|name| ["--no-binary", name]);
    let output = uv.clone().args(COMPILE).args(sources).args([&input]).capture()?;
    fs::remove_file(&input)?;
    ensure!(output.status.success(), "{}: {}", tool.name, output.stderr.trim());
    Ok(format!(
        "# Made by `cargo xtask tools lock {}`: not to be edited.\n{}",
        tool.name, output.stdout
    ))
}

//! `cargo xtask tools lock NAME`: writes the lock file of a PyPI tool, with all dependencies and the hash of every file, for
//! all platforms. A person reviews and commits it.

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use harness::checksum;
use harness::context::Context;
use harness::output::print;
use harness::process::command::Command;

use super::tool::{Environment, Install, Tool};
use super::{find, install, pypi, table};

/// Writes the lock files of these tools.
pub(super) fn run(context: &Context, names: &[String]) -> Result<()> {
    let uv = table::get("uv")?;
    install::install(context, &uv)?;
    let uv = match find::find(context, &uv)? {
        Ok(program) => program.file,
        Err(why) => bail!(why),
    };
    for name in names {
        let tool = table::get(name)?;
        let Install::Pypi(environment) = &tool.install else {
            bail!("{name} is not from PyPI: its checksum in security/tools.toml is all there is");
        };
        let text = resolve(&Command::new(context, &uv), context, &tool, environment)?;
        let file = pypi::lock_file(context, name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let told = checksum::of_file(&file)?;
        print(&match told == environment.checksum {
            true => format!("same     {}", file.display()),
            false => format!(
                "new      {}: checksum = \"{told}\" in security/tools.toml",
                file.display()
            ),
        });
    }
    Ok(())
}

fn resolve(uv: &Command<'_>, context: &Context, tool: &Tool, environment: &Environment) -> Result<String> {
    let scratch = tempfile(context, tool)?;
    let mut wanted = vec![format!("{}=={}", environment.name, environment.version)];
    wanted.extend(environment.with.iter().cloned());
    if !environment.sources.is_empty() {
        wanted.push("setuptools".to_owned());
    }
    let wanted: String = wanted.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&scratch, wanted)?;
    let sources = environment.sources.iter().flat_map(|name| ["--no-binary", name]);
    let command = uv
        .clone()
        .args([
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--generate-hashes",
            "--no-header",
        ])
        .args([
            "--no-annotate",
            "--python-version",
            pypi::PYTHON,
            "--only-binary=:all:",
            "--system-certs",
        ])
        .args(sources)
        .args([&scratch]);
    let done = command.capture()?;
    fs::remove_file(&scratch)?;
    ensure!(done.status.success(), "{}: {}", tool.name, done.stderr.trim());
    Ok(format!(
        "# Made by `cargo xtask tools lock {}`: not to be edited.\n{}",
        tool.name, done.stdout
    ))
}

fn tempfile(context: &Context, tool: &Tool) -> Result<std::path::PathBuf> {
    let folder = context.settings.target.join("xtask");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder.join(format!("{}-{}.in", tool.name, std::process::id())))
}

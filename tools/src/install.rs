//! Installs a pinned tool into the cache: into a staging folder first, which becomes the tool's after all checks.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use harness::context::Context;

use super::find;
use super::record::Record;
use super::staging::StagingDir;
use super::tool::{Install, Tool};
use super::{crates, go, npm, pypi};

const MINUTE: Duration = Duration::from_secs(60);

/// Installs it, unless it is installed.
pub fn install(context: &Context, tool: &Tool) -> Result<()> {
    install_if(context, tool, false)
}

/// Installs it even if it is installed.
pub fn install_again(context: &Context, tool: &Tool) -> Result<()> {
    install_if(context, tool, true)
}

fn install_if(context: &Context, tool: &Tool, again: bool) -> Result<()> {
    let limit = match &tool.install {
        Install::None(how) => bail!("{} is not installed by name: {how}", tool.name),
        Install::Crate(_) => 90 * MINUTE,
        Install::Pypi(_) | Install::Go(_) => 20 * MINUTE,
        Install::Npm(_) => 10 * MINUTE,
    };
    for (program, what) in tool.install.needs() {
        let there = context.settings.find_program(program).is_some();
        ensure!(there, "{} needs {what}: install that first", tool.name);
    }
    let staging = StagingDir::open(context, tool, limit)?;
    if !again && find::find(context, tool)?.is_ok() {
        // Installed by another process while this one waited.
        return Ok(());
    }
    match &tool.install {
        Install::Crate(package) => crates::install(&staging, package)?,
        Install::Pypi(environment) => pypi::install(&staging, tool, environment)?,
        Install::Npm(package) => npm::install(&staging, &tool.program, package)?,
        Install::Go(module) => go::install(&staging, module)?,
        Install::None(_) => {}
    }
    let program = staging.folder.join("bin").join(&tool.program);
    ensure!(
        program.is_file(),
        "{} installed no program {}",
        tool.name,
        tool.program
    );
    if !tool.version_args.is_empty()
        && let Some(mismatch) = find::mismatch(context, tool, &program)?
    {
        bail!("what was installed is not right: {mismatch}");
    }
    Record::of(&staging.folder, tool)?.write(&staging.folder)?;
    staging.publish()
}

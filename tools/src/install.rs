//! Installs a tool into the cache: in a staging folder first, published only once everything matches what is pinned.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use harness::context::Context;

use crate::record::Record;
use crate::staging::StagingDir;
use crate::tool::{Install, Tool};
use crate::{crates, find, go, npm, pypi};

const MINUTE: Duration = Duration::from_secs(60);

/// Installs it unless it is present; with `again`, in any case. Afterwards [`find::find`] finds it.
pub fn install(context: &Context, tool: &Tool, again: bool) -> Result<()> {
    let timeout = match &tool.install {
        Install::None(how) => bail!("{} is not installed by name: {how}", tool.name),
        Install::Crate(_) => 90 * MINUTE,
        Install::Pypi(_) | Install::Go(_) => 20 * MINUTE,
        Install::Npm(_) => 10 * MINUTE,
    };
    for (program, what) in tool.install.needs() {
        let is_present = context.settings.find_program(program).is_some();
        ensure!(is_present, "{} needs {what}: install that first", tool.name);
    }
    let staging = StagingDir::open(context, tool, timeout)?;
    // Another process may have installed it while this one waited for the lock.
    if !again && find::find(context, tool)?.is_ok() {
        return Ok(());
    }
    match &tool.install {
        Install::Crate(package) => crates::install(&staging, package)?,
        Install::Pypi(package) => pypi::install(&staging, tool, package)?,
        Install::Npm(package) => npm::install(&staging, tool, package)?,
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
        bail!("the installed version is wrong: {mismatch}");
    }
    Record::of(&staging.folder, tool)?.write(&staging.folder)?;
    staging.publish()
}

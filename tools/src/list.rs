//! `cargo xtask tools list`: each tool with its version, place or what is missing, and licence.

use anyhow::Result;
use harness::context::Context;
use harness::output::print;

use super::{find, table};

/// Prints the list.
pub(super) fn run(context: &Context) -> Result<()> {
    for tool in table::all()? {
        let place = match find::find(context, &tool)? {
            Ok(program) => format!("{}: {}", program.source, program.file.display()),
            Err(why) => match &tool.install {
                super::tool::Install::None(how) => format!("missing: {why}; {how}"),
                _ => format!("missing: {why}; `cargo xtask tools install {}`", tool.name),
            },
        };
        print(&format!(
            "{:<21} {:<9} {:<18} {place}",
            tool.name, tool.version, tool.licence
        ));
    }
    Ok(())
}

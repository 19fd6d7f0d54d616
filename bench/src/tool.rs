//! Programs of the table of tools that only the bench needs: installed by the first row that measures with them.

use std::path::PathBuf;

use anyhow::Result;
use harness::context::Context;
use harness::exit::Exit;
use harness::output::print;
use tools::{find, install, table};

use crate::figure::NotRun;

/// The program, installed if it is missing; or the error [`NotRun`].
pub fn find(context: &Context, name: &str) -> Result<PathBuf> {
    let tool = table::get(name)?;
    if let Ok(program) = find::find(context, &tool)? {
        return Ok(program.file);
    }
    print(&format!("      installing {name} {}, once", tool.version));
    match install::install(context, &tool, false) {
        Err(error) if !error.is::<Exit>() => Err(NotRun(format!("{error:#}")).into()),
        outcome => {
            outcome?;
            let found = find::find(context, &tool)?;
            found
                .map(|program| program.file)
                .map_err(|why| NotRun(why).into())
        }
    }
}

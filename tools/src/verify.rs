//! `cargo xtask tools verify`: compares the cache with what was installed. It repairs nothing.

use anyhow::Result;
use harness::context::Context;
use harness::exit::Exit;
use harness::output::print;

use super::record::Record;
use super::{find, table};

/// Compares every file of every tool in the cache.
pub(super) fn run(context: &Context) -> Result<()> {
    let mut bad = false;
    for tool in table::all()? {
        context.stop.check()?;
        let Some(folder) = find::folder(context, &tool).filter(|folder| folder.exists()) else {
            continue;
        };
        let differences = match Record::read(&folder, &tool) {
            Some(record) => record.differences(&folder)?,
            None => vec!["it was not installed from what the table pins".to_owned()],
        };
        if differences.is_empty() {
            print(&format!("same     {} {}", tool.name, tool.version));
            continue;
        }
        bad = true;
        for line in differences.iter().take(10) {
            print(&format!("changed  {} {}: {line}", tool.name, tool.version));
        }
        if differences.len() > 10 {
            print(&format!(
                "changed  {} {}: and {} more",
                tool.name,
                tool.version,
                differences.len() - 10
            ));
        }
        print(&format!(
            "         `cargo xtask tools install --again {}` brings it anew",
            tool.name
        ));
    }
    match bad {
        true => Err(Exit::AlreadyReported.into()),
        false => Ok(()),
    }
}

//! `deploy status`: the journal of the last deploy on this machine.

use anyhow::Result;
use clap::Args;
use harness::context::Context;
use harness::output::print;

use crate::commands::options::EnvironmentArgs;
use crate::journal::{Folder, Journal};

/// Options of `deploy status`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Print the journal as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    let config = options.environment.read(context)?;
    let journal = Journal::read(&Folder::unlocked(&context.settings.target, &config.name))?;
    if options.json {
        print(&serde_json::to_string_pretty(&journal)?);
        return Ok(());
    }
    let old = journal.deploy.old.as_deref().unwrap_or("not known");
    for (name, value) in [
        ("environment", journal.environment.as_str()),
        ("state", journal.deploy.state.name()),
        ("image", &journal.image),
        ("commit", &journal.commit),
        ("plan", &journal.deploy.plan_sha256),
        ("new", &journal.new_revision()),
        ("old", old),
    ] {
        print(&format!("{name:<12} {value}"));
    }
    for event in &journal.events {
        let reason = event.reason.as_deref().map(|reason| format!(": {reason}"));
        print(&format!(
            "{}  {}{}",
            event.at.to_rfc3339(),
            event.state,
            reason.unwrap_or_default()
        ));
    }
    Ok(())
}

//! `cargo xtask down`: stops what `up` started, and with `--wipe` removes its state. It ends no other process.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use harness::context::Context;
use harness::output::print;
use private_postgres::processes::{Identity, Signal, command_line, signal_process};

use crate::state::stale_processes;
use crate::state::{Lock, State};

/// A foreground `up` drains the service first.
const STOP_TIMEOUT: Duration = Duration::from_secs(90);

#[derive(Debug, Args)]
pub struct Options {
    /// The state directory that `up` was given [default: .portcullis in the repository]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Remove the state as well: data, secrets, logs
    #[arg(long)]
    wipe: bool,
}

pub fn run(context: &Context, options: &Options) -> Result<()> {
    let state = State::at(options.state.as_deref(), &context.settings.root)?;
    let shown = state.directory().display().to_string();
    if !state.exists() {
        print(&format!("nothing runs: there is no state in {shown}"));
        return Ok(());
    }
    let mut stopped = Vec::new();
    let lock = match state.try_lock()? {
        Ok(lock) => lock,
        Err(Some(holder)) => {
            let lock = end_foreground(context, &state, &holder)?;
            stopped.push(format!("`cargo xtask up` (pid {})", holder.pid));
            lock
        }
        Err(None) => bail!("another command is at work on {shown}"),
    };
    stopped.extend(stale_processes::stop_all(&state)?);
    match stopped.as_slice() {
        [] => print("nothing ran"),
        some => print(&format!("stopped {}", some.join(", "))),
    }
    if options.wipe {
        state.wipe(lock)?;
        print(&format!("removed the state in {shown}"));
    }
    Ok(())
}

/// The holder's start time is verified already; its command line must be that of `up`.
fn end_foreground(context: &Context, state: &State, holder: &Identity) -> Result<Lock> {
    let command = command_line(holder.pid).unwrap_or_default();
    let mut args = command.split(' ');
    let is_stack = args.next().is_some_and(|program| program.ends_with("/stack"));
    if !is_stack || args.next() != Some("up") {
        bail!(
            "the state is in use by pid {} (`{command}`), which is no `cargo xtask up`",
            holder.pid
        );
    }
    signal_process(holder.pid, Signal::TERM);
    let mut lock = None;
    context.stop.wait_until(STOP_TIMEOUT, || {
        lock = state.try_lock()?.ok();
        Ok(lock.is_some())
    })?;
    lock.ok_or_else(|| anyhow::anyhow!("`cargo xtask up` (pid {}) does not end", holder.pid))
}

//! What an earlier `up` left running: by intent, or because it was killed; never ends a process that is not ours.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use harness::output::print;
use private_postgres::orphan;
use private_postgres::processes::{Identity, Signal};

use crate::state::State;
use crate::state::files::Running;

/// The service finishes what it has begun; then the hard way.
const ENDING: [(Signal, Duration); 2] = [
    (Signal::TERM, Duration::from_secs(40)),
    (Signal::KILL, Duration::from_secs(5)),
];

/// Before a start: fails when a detached service runs; ends what a killed run left behind.
pub fn reap(state: &State) -> Result<()> {
    if let Some(running) = Running::read(state)
        && let (true, Some(service)) = (running.detached, running.alive())
    {
        let (port, pid) = (running.port, service.pid);
        bail!("already running on port {port} (pid {pid}, detached): `cargo xtask down` stops it");
    }
    stop_all(state)?
        .iter()
        .for_each(|what| print(&format!("left by a run that was killed, stopped now: {what}")));
    Ok(())
}

/// Ends the service, then PostgreSQL; answers what it ended.
pub fn stop_all(state: &State) -> Result<Vec<String>> {
    let mut stopped = Vec::new();
    if let Some(service) = Running::read(state).as_ref().and_then(Running::alive) {
        end(service)?;
        stopped.push(format!("the service (pid {})", service.pid));
    }
    if let Some(pid) = orphan::stop(&state.data()?)? {
        stopped.push(format!("PostgreSQL (pid {pid})"));
    }
    Running::forget(state);
    Ok(stopped)
}

fn end(service: &Identity) -> Result<()> {
    ensure!(
        service.end(&ENDING),
        "the service (pid {}) does not end",
        service.pid
    );
    Ok(())
}

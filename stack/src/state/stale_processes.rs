//! Processes that an earlier `up` left running, on purpose or because it was killed. Only processes whose identity was
//! recorded are ended.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use harness::output::print;
use private_postgres::orphan;
use private_postgres::processes::Signal;

use crate::state::State;
use crate::state::files::Running;

/// The service first drains its requests.
const STOP_SIGNALS: [(Signal, Duration); 2] = [
    (Signal::TERM, Duration::from_secs(40)),
    (Signal::KILL, Duration::from_secs(5)),
];

/// Fails when a detached service runs; ends what a killed run left behind.
pub fn reap(state: &State) -> Result<()> {
    if let Some(running) = Running::read(state)
        && let (true, Some(service)) = (running.detached, running.alive())
    {
        let (port, pid) = (running.port, service.pid);
        bail!("already running on port {port} (pid {pid}, detached): `cargo xtask down` stops it");
    }
    for what in stop_all(state)? {
        print(&format!("left by a run that was killed, stopped now: {what}"));
    }
    Ok(())
}

/// Ends the service, then PostgreSQL; returns what it ended.
pub fn stop_all(state: &State) -> Result<Vec<String>> {
    let mut stopped = Vec::new();
    if let Some(service) = Running::read(state).as_ref().and_then(Running::alive) {
        let shown = format!("the service (pid {})", service.pid);
        ensure!(service.end(&STOP_SIGNALS), "{shown} does not end");
        stopped.push(shown);
    }
    if let Some(pid) = orphan::stop(&state.data()?)? {
        stopped.push(format!("PostgreSQL (pid {pid})"));
    }
    Running::delete(state);
    Ok(stopped)
}

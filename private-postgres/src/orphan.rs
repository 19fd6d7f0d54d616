//! Stops a server that a killed run left behind; it is identified by its data directory, so that no other is affected.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Error;
use crate::processes::{Identity, Signal, command_line, exists};

/// Fast shutdown, immediate shutdown, SIGKILL. Only the postmaster gets these: its children end when it does.
pub(crate) const SHUTDOWN_STEPS: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(20)),
    (Signal::QUIT, Duration::from_secs(5)),
    (Signal::KILL, Duration::from_secs(5)),
];

/// Stops the server that still runs in this data directory, if one does; returns its pid.
///
/// # Errors
/// `Unstoppable` when it does not end, for example because it belongs to another user.
pub fn stop(data: &Path) -> Result<Option<i32>, Error> {
    let file = data.join("postmaster.pid");
    let Some(pid) = recorded(&file) else {
        return Ok(None);
    };
    match Identity::of(pid).filter(|_| is_server_of(pid, data)) {
        Some(server) if server.end(&SHUTDOWN_STEPS) => Ok(Some(pid)),
        Some(_) => Err(Error::Unstoppable {
            pid,
            data: data.to_owned(),
        }),
        None => {
            // PostgreSQL removes a dead server's file itself, but refuses to start while any process of its user has
            // this id, which may have been reused.
            if exists(pid) {
                fs::remove_file(&file).map_err(Error::at("remove", &file))?;
            }
            Ok(None)
        }
    }
}

/// The first line is the pid.
fn recorded(file: &Path) -> Option<i32> {
    fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
}

/// We start every server as `postgres -D DATA …`.
fn is_server_of(pid: i32, data: &Path) -> bool {
    let Some(line) = command_line(pid) else {
        return false;
    };
    line.contains("postgres -D ") && line.contains(&format!(" -D {} ", data.display()))
}

//! A server left behind by a run that was killed: found through its data directory, ended; never anybody else's.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Error;
use crate::processes::{Identity, Signal, command_line, exists};

/// Fast, then immediate, then the hard way. Only the postmaster gets these: its children end when it does.
pub(crate) const ENDING: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(20)),
    (Signal::QUIT, Duration::from_secs(5)),
    (Signal::KILL, Duration::from_secs(5)),
];

/// Ends the server that still runs in this data directory, if one does; tells its pid.
///
/// # Errors
/// `Unstoppable` when it does not end (for example because it is another user's).
pub fn stop(data: &Path) -> Result<Option<i32>, Error> {
    let file = data.join("postmaster.pid");
    let Some(pid) = recorded(&file) else {
        return Ok(None);
    };
    match Identity::of(pid).filter(|_| is_server_of(pid, data)) {
        Some(server) if server.end(&ENDING) => Ok(Some(pid)),
        Some(_) => Err(Error::Unstoppable {
            pid,
            data: data.to_owned(),
        }),
        None => {
            // PostgreSQL clears away a dead server's file itself, but refuses to start while any process of its
            // user has this id, which may have been given away since.
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
    let Some(words) = command_line(pid) else {
        return false;
    };
    words.contains("postgres -D ") && words.contains(&format!(" -D {} ", data.display()))
}

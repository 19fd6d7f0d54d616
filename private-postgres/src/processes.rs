//! Which processes are whose, and how one is ended; never touches a process that it cannot tell for sure.

use std::thread::sleep;
use std::time::{Duration, Instant};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::spawn;

/// A process id alone may have been given to somebody else meanwhile; with the start time it is unmistakable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Process id.
    pub pid: i32,
    /// When it started, in the operating system's own words (unique together with the id).
    pub started: String,
}

impl Identity {
    /// The process that has this id now; `None` when there is none (a zombie counts as none).
    #[must_use]
    pub fn of(pid: i32) -> Option<Identity> {
        let started = if cfg!(target_os = "linux") {
            started_linux(pid)
        } else {
            started_ps(pid)
        }?;
        Some(Identity { pid, started })
    }

    /// Does this very process still run?
    #[must_use]
    pub fn is_alive(&self) -> bool {
        Identity::of(self.pid).as_ref() == Some(self)
    }

    /// Sends each signal in turn and waits for its time; true once the process is gone.
    #[must_use]
    pub fn end(&self, steps: &[(Signal, Duration)]) -> bool {
        for (signal, patience) in steps {
            if !self.is_alive() {
                return true;
            }
            signal_process(self.pid, *signal);
            let since = Instant::now();
            while since.elapsed() < *patience {
                if !self.is_alive() {
                    return true;
                }
                sleep(Duration::from_millis(20));
            }
        }
        !self.is_alive()
    }
}

/// The command line of a process, words separated by spaces; `None` when it is gone or hidden from us.
#[must_use]
pub fn command_line(pid: i32) -> Option<String> {
    if cfg!(target_os = "linux") {
        let raw = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words = String::from_utf8_lossy(&raw).replace('\0', " ");
        let words = words.trim();
        (!words.is_empty()).then(|| words.to_owned())
    } else {
        spawn::ps(pid, "command=")
    }
}

/// Does any process have this id (ours or not)?
#[must_use]
pub fn exists(pid: i32) -> bool {
    match Pid::from_raw(pid) {
        Some(pid) => !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)),
        None => false,
    }
}

/// Sends one signal; a process that is gone already is no error.
pub fn signal_process(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _gone_already = kill_process(pid, signal);
    }
}

/// `/proc/PID/stat`: state is the first word after the last `)`, the start time the 20th (proc(5), fields 3 and 22).
/// The boot id is part of it, because ticks count from boot.
fn started_linux(pid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    if matches!(words.next()?, "Z" | "X") {
        return None;
    }
    let ticks = words.nth(18)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{ticks}@{}", boot.trim()))
}

/// Elsewhere `ps` knows; its resolution of a second is enough next to the id.
fn started_ps(pid: i32) -> Option<String> {
    let state = spawn::ps(pid, "state=")?;
    if state.starts_with('Z') {
        return None;
    }
    spawn::ps(pid, "lstart=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_itself_and_not_a_stranger() {
        let me = Identity::of(std::process::id() as i32).unwrap();
        assert!(me.is_alive());
        let stranger = Identity {
            pid: me.pid,
            started: "long ago".into(),
        };
        assert!(!stranger.is_alive(), "same id, other start: not the same process");
        assert!(
            stranger.end(&[(Signal::KILL, Duration::from_secs(1))]),
            "nothing to end, and we still live"
        );
    }

    #[test]
    fn reads_its_command_line() {
        assert!(
            command_line(std::process::id() as i32)
                .unwrap()
                .contains("private_postgres")
        );
        assert!(!exists(i32::MAX));
    }
}

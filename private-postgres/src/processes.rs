//! Identifies processes by id and start time, and terminates them; a process that cannot be identified is left alone.

use std::thread::sleep;
use std::time::{Duration, Instant};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::spawn;

/// A process id may be reused; together with the start time it is unique.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Process id.
    pub pid: i32,
    /// Its start time, in the operating system's format.
    pub started: String,
}

impl Identity {
    /// The process that has this id now; `None` when there is none or it is a zombie.
    pub fn of(pid: i32) -> Option<Identity> {
        let started = if cfg!(target_os = "linux") {
            started_linux(pid)
        } else {
            started_ps(pid)
        }?;
        Some(Identity { pid, started })
    }

    /// Whether this process still runs.
    pub fn is_alive(&self) -> bool {
        Identity::of(self.pid).as_ref() == Some(self)
    }

    /// Sends one signal after the other and waits for the process to exit; returns whether it did.
    pub fn end(&self, steps: &[(Signal, Duration)]) -> bool {
        for (signal, timeout) in steps {
            if !self.is_alive() {
                return true;
            }
            signal_process(self.pid, *signal);
            let since = Instant::now();
            while since.elapsed() < *timeout {
                if !self.is_alive() {
                    return true;
                }
                sleep(Duration::from_millis(20));
            }
        }
        !self.is_alive()
    }
}

/// The command line of a process, arguments separated by spaces; `None` when it has exited or is hidden from us.
pub fn command_line(pid: i32) -> Option<String> {
    if cfg!(target_os = "linux") {
        let raw = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&raw).replace('\0', " ");
        let line = line.trim();
        (!line.is_empty()).then(|| line.to_owned())
    } else {
        spawn::ps(pid, "command=")
    }
}

/// Whether any process has this id, ours or not.
pub fn exists(pid: i32) -> bool {
    match Pid::from_raw(pid) {
        Some(pid) => !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)),
        None => false,
    }
}

/// Sends one signal; a process that has already exited is not an error.
pub fn signal_process(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _already_exited = kill_process(pid, signal);
    }
}

/// `/proc/PID/stat`: the state is the first field after the last `)`, the start time the 20th (proc(5), fields 3 and 22).
/// The boot id is included, because ticks count from boot.
fn started_linux(pid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    let ticks = fields.nth(18)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{ticks}@{}", boot.trim()))
}

/// Elsewhere from `ps`, whose resolution of a second suffices together with the id.
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
    fn the_same_id_with_another_start_time_is_another_process() {
        let me = Identity::of(std::process::id() as i32).unwrap();
        assert!(me.is_alive());
        let other = Identity {
            pid: me.pid,
            started: "long ago".into(),
        };
        assert!(!other.is_alive(), "same id, other start: not the same process");
        assert!(
            other.end(&[(Signal::KILL, Duration::from_secs(1))]),
            "nothing to terminate, and this process still runs"
        );
    }

    #[test]
    fn the_command_line_is_read() {
        assert!(
            command_line(std::process::id() as i32)
                .unwrap()
                .contains("private_postgres")
        );
        assert!(!exists(i32::MAX));
    }
}

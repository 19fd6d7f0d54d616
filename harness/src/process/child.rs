//! A running child process: waited for, stopped in order, never left behind.

use std::io::Read;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::context::Context;

/// Between SIGTERM and SIGKILL.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A running child. It is stopped when this is dropped.
#[derive(Debug)]
pub struct ChildProcess {
    pub(crate) child: Child,
    detached: bool,
}

impl ChildProcess {
    /// A child that leads a process group of its own.
    pub fn of(child: Child) -> ChildProcess {
        ChildProcess {
            child,
            detached: false,
        }
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(0)
    }

    /// How it ended; `None` while it runs.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Lets it outlive this process.
    pub fn detach(mut self) {
        self.detached = true;
    }

    /// Sends SIGTERM and waits; kills its whole group after the timeout, or as soon as `is_forced`.
    pub fn stop(&mut self, timeout: Duration, is_forced: impl Fn() -> bool) {
        signal_group(self.pid(), Signal::TERM);
        let since = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if since.elapsed() >= timeout || is_forced() {
                signal_group(self.pid(), Signal::KILL);
                let _collected = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        // Children that the program left behind.
        signal_group(self.pid(), Signal::KILL);
    }

    /// Kills its whole group at once.
    pub fn kill(&mut self) {
        signal_group(self.pid(), Signal::KILL);
        let _collected = self.child.wait();
    }

    /// Waits until it has ended.
    pub fn wait(&mut self, context: &Context) -> Result<ExitStatus> {
        let status = self.wait_for(context, Duration::MAX)?;
        status.context("it did not end")
    }

    /// Waits until it has ended; stops it after the timeout and returns `None`.
    pub fn wait_for(&mut self, context: &Context, limit: Duration) -> Result<Option<ExitStatus>> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.detached = true;
                return Ok(Some(status));
            }
            if context.stop.is_set() || since.elapsed() >= limit {
                self.stop(STOP_TIMEOUT, || context.stop.is_forced());
                context.stop.check()?;
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        if !self.detached && matches!(self.child.try_wait(), Ok(None)) {
            self.stop(STOP_TIMEOUT, || false);
        }
    }
}

/// The bytes of a pipe, up to a limit. Further bytes are read and dropped, so that the writer never blocks.
#[derive(Debug)]
pub struct Collected(Receiver<Vec<u8>>);

impl Collected {
    /// Starts to read.
    pub fn from(pipe: Option<impl Read + Send + 'static>, most: u64) -> Collected {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let Some(mut pipe) = pipe else { return };
            let _partial_output_counts = pipe.by_ref().take(most).read_to_end(&mut bytes);
            let _sent = sender.send(bytes);
            let _dropped = std::io::copy(&mut pipe, &mut std::io::sink());
        });
        Collected(receiver)
    }

    /// The text, once the program has ended. A grandchild that holds the pipe open does not block us.
    pub fn text(self) -> String {
        let bytes = self.0.recv_timeout(Duration::from_secs(2)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn signal_group(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _gone_already = kill_process_group(pid, signal);
    }
}

//! A program that runs: waited for, stopped in order, never left behind; starts none.

use std::io::Read;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::context::Context;
use crate::exit::Exit;

/// A process that was killed has this long to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program that runs. It is stopped when this is dropped.
#[derive(Debug)]
pub struct ChildProcess {
    pub(crate) child: Child,
    kept: bool,
}

impl ChildProcess {
    /// A child that leads a process group of its own.
    pub fn of(child: Child) -> ChildProcess {
        ChildProcess { child, kept: false }
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(0)
    }

    /// How it ended; `None` while it runs.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Lets it outlive us.
    pub fn keep(mut self) {
        self.kept = true;
    }

    /// Asks it to stop, waits, and after the time limit (at once, when told to is_forced) ends its whole group.
    pub fn stop(&mut self, patience: Duration, is_forced: impl Fn() -> bool) {
        signal_group(self.pid(), Signal::TERM);
        let since = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if since.elapsed() >= patience || is_forced() {
                signal_group(self.pid(), Signal::KILL);
                let _collected = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        // What the program itself had started and left.
        signal_group(self.pid(), Signal::KILL);
    }

    /// Waits until it has ended.
    pub fn wait(&mut self, context: &Context) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.wait_for(context, Duration::MAX)? {
                return Ok(status);
            }
        }
    }

    /// Waits until it has ended, and stops it when the time is up: then `None`.
    pub fn wait_for(&mut self, context: &Context, limit: Duration) -> Result<Option<ExitStatus>> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.kept = true;
                return Ok(Some(status));
            }
            if context.stop.is_set() {
                self.stop(PATIENCE, || context.stop.is_forced());
                return Err(Exit::Interrupted.into());
            }
            if since.elapsed() >= limit {
                self.stop(PATIENCE, || context.stop.is_forced());
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        if !self.kept && matches!(self.child.try_wait(), Ok(None)) {
            self.stop(PATIENCE, || false);
        }
    }
}

/// What a pipe brings, up to a limit; the rest is read and dropped, so that nobody waits for us.
#[derive(Debug)]
pub struct Collected(Receiver<Vec<u8>>);

impl Collected {
    /// Starts to read.
    pub fn from(pipe: Option<impl Read + Send + 'static>, most: u64) -> Collected {
        let (sender, bytes) = channel();
        thread::spawn(move || {
            let mut kept = Vec::new();
            if let Some(mut pipe) = pipe {
                let _what_came_counts = pipe.by_ref().take(most).read_to_end(&mut kept);
                let _sent = sender.send(kept);
                let _dropped = std::io::copy(&mut pipe, &mut std::io::sink());
            } else {
                let _sent = sender.send(kept);
            }
        });
        Collected(bytes)
    }

    /// What came, once the program has ended. A grandchild that keeps the pipe open does not keep us.
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

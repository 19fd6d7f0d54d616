//! A child that is ready when it has printed its first line, responds to each line with one line, and ends when
//! its standard input is closed.

use std::io::Write;
use std::process::ChildStdin;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::context::Context;
use crate::process::child::ChildProcess;
use crate::process::lines::Lines;
use crate::process::shutdown::{Stop, TICK};

/// How long it may take to end once its standard input is closed.
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// A running child. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Interactive {
    child: ChildProcess,
    stdin: Option<ChildStdin>,
    lines: Option<Lines>,
    stop: Stop,
}

impl Interactive {
    /// Takes over both pipes of the child.
    pub(crate) fn of(context: &Context, mut child: ChildProcess) -> Interactive {
        Interactive {
            stdin: child.child.stdin.take(),
            lines: child.child.stdout.take().map(Lines::read),
            child,
            stop: context.stop.clone(),
        }
    }

    /// The next line that it prints. It may take as long as a build.
    pub fn line(&mut self) -> Result<String> {
        let line = self.lines.as_ref().and_then(|lines| lines.next(&self.stop));
        self.stop.check()?;
        line.context("it ended before it responded")
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Its response to a line.
    pub fn request(&mut self, line: &str) -> Result<String> {
        let stdin = self.stdin.as_mut().context("its standard input is closed")?;
        writeln!(stdin, "{line}").context("it ended")?;
        self.line()
    }
}

impl Drop for Interactive {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let since = Instant::now();
        while matches!(self.child.ended(), Ok(None))
            && since.elapsed() < STOP_TIMEOUT
            && !self.stop.is_forced()
        {
            thread::sleep(TICK);
        }
    }
}

//! A server that runs in the background, the service or chromedriver: its log, its readiness, and its end.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use harness::context::Context;
use harness::http_client;
use harness::process::child::ChildProcess;
use harness::process::command::Command;

use crate::log_tail::{self, Tail};

/// Both servers need less than a second.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// The service's own grace period for requests in progress, and some more.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(40);

/// Bytes after which a log is rotated.
const MAX_LOG: u64 = 50_000_000;

/// A running server. It is stopped when this is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    name: &'static str,
    running: ChildProcess,
    /// Its port on 127.0.0.1.
    pub port: u16,
    health_path: &'static str,
    /// The file that its output goes to.
    pub log: PathBuf,
    unread: Tail,
    since_start: Tail,
}

impl ServerProcess {
    /// Starts it. It is ready when it responds to `health_path` with 200.
    pub fn start(
        name: &'static str,
        command: &Command<'_>,
        port: u16,
        health_path: &'static str,
        log: &Path,
    ) -> Result<ServerProcess> {
        let file = open_log(log)?;
        let (unread, since_start) = (Tail::from_end(log), Tail::from_end(log));
        Ok(ServerProcess {
            name,
            running: command.background(&file)?,
            port,
            health_path,
            log: log.to_owned(),
            unread,
            since_start,
        })
    }

    /// Waits until it reports that it is ready.
    pub fn wait_until_ready(&mut self, context: &Context) -> Result<()> {
        let mut status = None;
        let ready = context.stop.wait_until(READY_TIMEOUT, || {
            self.ensure_alive()?;
            status = http_client::status(self.port, self.health_path);
            Ok(status == Some(200))
        })?;
        if ready {
            return Ok(());
        }
        let status = status.map_or("no response".to_owned(), |status| status.to_string());
        let seconds = READY_TIMEOUT.as_secs();
        Err(self.error(&format!("is not ready after {seconds} s ({status})")))
    }

    /// Fails when it has ended by itself.
    pub fn ensure_alive(&mut self) -> Result<()> {
        match self.running.ended()? {
            None => Ok(()),
            Some(status) => Err(self.error(&format!("ended by itself ({status})"))),
        }
    }

    /// Warnings and errors that it logged since the last call.
    pub fn warnings(&mut self) -> Vec<String> {
        let lines = self.unread.new_lines();
        lines
            .iter()
            .filter_map(|line| log_tail::warning_in(line))
            .collect()
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.running.pid()
    }

    /// Stops it; requests in progress are finished.
    pub fn stop(&mut self, context: &Context) {
        self.running.stop(DRAIN_TIMEOUT, || context.stop.is_forced());
    }

    /// Lets it outlive this process; returns its process id.
    pub fn detach(self) -> i32 {
        let pid = self.pid();
        self.running.detach();
        pid
    }

    fn error(&mut self, problem: &str) -> anyhow::Error {
        let lines = log_tail::last_lines(&self.since_start.new_lines().join("\n"), 12);
        anyhow!("{} {problem}; its last log lines:\n{lines}", self.name)
    }
}

/// Opens a log for appending, readable by its owner only.
fn open_log(log: &Path) -> Result<File> {
    // One old log remains.
    if log.metadata().is_ok_and(|meta| meta.len() > MAX_LOG) {
        std::fs::rename(log, log.with_extension("log.old"))?;
    }
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(log);
    opened.with_context(|| format!("cannot open {}", log.display()))
}

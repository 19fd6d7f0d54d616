//! A running service: readiness, crashes, and its stop.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use harness::context::Context;
use harness::http_client;
use harness::process::child::ChildProcess;
use harness::process::command::Command;

use crate::log_tail;
use crate::log_tail::Tail;

/// The program itself needs less than a second.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// The service's own grace period for requests in progress, and some more.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(40);

/// Bytes after which a log is rotated.
const MAX_LOG: u64 = 50_000_000;

/// The service, running. It is stopped when this is dropped.
#[derive(Debug)]
pub struct ServiceProcess {
    running: ChildProcess,
    /// Its public port on 127.0.0.1.
    pub port: u16,
    /// Its internal port: metrics.
    pub internal_port: u16,
    /// Its log.
    pub log: PathBuf,
    fresh: Tail,
    whole: Tail,
}

impl ServiceProcess {
    /// Starts it; see [`crate::service::Portcullis::serve`] for the call.
    pub fn start(command: &Command<'_>, port: u16, internal_port: u16, log: &Path) -> Result<ServiceProcess> {
        let file = open_log(log)?;
        let (fresh, whole) = (Tail::from_end(log), Tail::from_end(log));
        let running = command.background(&file)?;
        Ok(ServiceProcess {
            running,
            port,
            internal_port,
            log: log.to_owned(),
            fresh,
            whole,
        })
    }

    /// Waits until it reports that it is ready.
    pub fn wait_until_ready(&mut self, context: &Context) -> Result<()> {
        let port = self.port;
        let ready = context.stop.wait_until(READY_TIMEOUT, || {
            self.ensure_alive()?;
            Ok(http_client::status(port, "/health/ready") == Some(200))
        })?;
        if ready {
            return Ok(());
        }
        let status = http_client::status(port, "/health/ready")
            .map_or("no answer".to_owned(), |status| status.to_string());
        bail!(
            "the service is not ready after {} s ({status}); its last log lines:\n{}",
            READY_TIMEOUT.as_secs(),
            self.last_lines()
        )
    }

    /// Fails when it has ended by itself.
    pub fn ensure_alive(&mut self) -> Result<()> {
        match self.running.ended()? {
            None => Ok(()),
            Some(status) => bail!(
                "the service ended by itself ({status}); its last log lines:\n{}",
                self.last_lines()
            ),
        }
    }

    /// Warnings and errors that it logged since the last call.
    pub fn warnings(&mut self) -> Vec<String> {
        self.fresh
            .new_lines()
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

    /// Lets it outlive this process.
    pub fn detach(self) {
        self.running.detach();
    }

    /// The last lines of this run's log.
    fn last_lines(&mut self) -> String {
        log_tail::last_lines(&self.whole.new_lines().join("\n"), 12)
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

//! A running service: until it is ready, whether it still lives, and its end; never starts PostgreSQL.

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

/// How long a start may take; the program itself needs less than a second.
const READY: Duration = Duration::from_secs(60);

/// How long it may answer what it has already been asked: its own grace and a little more.
const DRAIN: Duration = Duration::from_secs(40);

/// Bytes of a log that is begun anew.
const LONG: u64 = 50_000_000;

/// The service, running. It is stopped when this is dropped.
#[derive(Debug)]
pub struct ServiceProcess {
    running: ChildProcess,
    /// Its public port on 127.0.0.1.
    pub port: u16,
    /// Its internal port: metrics.
    pub internal_port: u16,
    /// Where its log goes.
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

    /// Waits until it says that it is ready.
    pub fn wait_until_ready(&mut self, context: &Context) -> Result<()> {
        let port = self.port;
        let ready = context.stop.wait_until(READY, || {
            self.ensure_alive()?;
            Ok(http_client::status(port, "/health/ready") == Some(200))
        })?;
        if ready {
            return Ok(());
        }
        let status = http_client::status(port, "/health/ready")
            .map_or("no answer".to_owned(), |status| status.to_string());
        bail!(
            "the service is not ready after {} s ({status}); its last words:\n{}",
            READY.as_secs(),
            self.words()
        )
    }

    /// Fails when it has ended.
    pub fn ensure_alive(&mut self) -> Result<()> {
        match self.running.ended()? {
            None => Ok(()),
            Some(status) => bail!(
                "the service ended by itself ({status}); its last words:\n{}",
                self.words()
            ),
        }
    }

    /// Warnings and errors that it logged since the last call.
    pub fn alarms(&mut self) -> Vec<String> {
        self.fresh
            .fresh()
            .iter()
            .filter_map(|line| log_tail::warning_in(line))
            .collect()
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.running.pid()
    }

    /// Asks it to finish what it has begun, and waits for that.
    pub fn stop(&mut self, context: &Context) {
        self.running.stop(DRAIN, || context.stop.is_forced());
    }

    /// Lets it outlive us.
    pub fn keep(self) {
        self.running.keep();
    }

    /// The end of what this run of it has logged.
    fn words(&mut self) -> String {
        log_tail::last_lines(&self.whole.fresh().join("\n"), 12)
    }
}

/// A log that only its owner can read; appended to.
fn open_log(log: &Path) -> Result<File> {
    // A long life leaves a long log: the last one is kept, those before it are not.
    if log.metadata().is_ok_and(|meta| meta.len() > LONG) {
        std::fs::rename(log, log.with_extension("log.old"))?;
    }
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(log);
    opened.with_context(|| format!("cannot open {}", log.display()))
}

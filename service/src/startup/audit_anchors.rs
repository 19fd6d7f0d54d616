//! Records the end of the audit chain outside of the database, as a line of the log and of a file: while the service runs
//! and when it stops. Reports a chain that no longer contains what was recorded before.

use super::error::StartError;
use super::keys::Keys;
use crate::config::audit::AuditSettings;
use crate::crypto::data_keys::DataKeys;
use crate::db::DbError;
use crate::domain::audit::Audit;
use crate::domain::audit::anchor::{Anchor, AnchorLine, SignedAnchor};
use crate::telemetry::metrics::Metrics;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::oneshot;

/// How much of the end of the file is searched for the last anchor. A line has less than 300 bytes.
const TAIL_BYTES: u64 = 4096;

/// The name of the log event if no anchor was written.
const FAILED_EVENT: &str = "audit.anchor_failed";

/// Records the end of the chain.
pub struct AuditAnchors {
    key: DataKeys,
    file: Option<PathBuf>,
    interval: Duration,
    last: Option<Anchor>,
    metrics: Metrics,
}

/// Why an anchor was not written.
#[derive(Debug, thiserror::Error)]
enum AnchorError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error(transparent)]
    Task(#[from] tokio::task::JoinError),
}

impl AuditAnchors {
    /// Checks that the file can be written, and reads its last anchor.
    pub fn new(settings: &AuditSettings, keys: &Keys, metrics: Metrics) -> Result<Self, StartError> {
        let key = keys.data.clone();
        let unusable = |error: std::io::Error| {
            StartError::Setting("AUDIT_ANCHOR_FILE", format!("cannot write the file: {error}"))
        };
        let last = match &settings.anchor_file {
            Some(path) => last_anchor(path, &key).map_err(unusable)?,
            None => None,
        };
        Ok(Self {
            key,
            file: settings.anchor_file.clone(),
            interval: settings.anchor_interval,
            last,
            metrics,
        })
    }

    /// Records the end of the chain at every interval until `stop` is dropped, and a last time then.
    pub async fn run(mut self, audit: Audit, mut stop: oneshot::Receiver<()>) {
        let mut ticks = tokio::time::interval(self.interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let stopped = tokio::select! {
                _ = &mut stop => true,
                _ = ticks.tick() => false,
            };
            let recorded = self.record(&audit).await;
            self.metrics.audit_checked(match recorded {
                Ok(true) => "intact",
                Ok(false) => "contradicted",
                Err(_) => "failed",
            });
            match recorded {
                Ok(_) => {}
                // The database's own errors are logged where they occur.
                Err(error @ AnchorError::Db(_)) => {
                    tracing::warn!(target: "audit", event = FAILED_EVENT, %error, "cannot read the end of the audit chain");
                }
                Err(error) => {
                    tracing::error!(target: "audit", event = FAILED_EVENT, %error, "cannot record the end of the audit chain");
                }
            }
            if stopped {
                return;
            }
        }
    }

    /// Records the end of the chain if it has changed. `false`: the chain does not contain the last anchor.
    async fn record(&mut self, audit: &Audit) -> Result<bool, AnchorError> {
        let anchor = audit.anchor().await?;
        let mut is_intact = true;
        if let Some(last) = self.last {
            is_intact = audit.contains(last).await?;
            if !is_intact {
                tracing::error!(
                    target: "audit",
                    event = "audit.chain_contradicted",
                    id = last.id,
                    hash = %last.hash,
                    "the audit chain no longer contains an event that was recorded earlier"
                );
            } else if (last.id, last.hash) == (anchor.id, anchor.hash) {
                return Ok(true);
            }
        }
        let signed = anchor.sign(&self.key);
        let SignedAnchor {
            event,
            at,
            id,
            hash,
            mac,
        } = &signed;
        tracing::info!(target: "audit", event, at, id, hash, mac, "end of the audit chain");
        if let Some(path) = self.file.clone() {
            tokio::task::spawn_blocking(move || append(&path, &signed)).await??;
        }
        self.last = Some(anchor);
        Ok(is_intact)
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .append(true)
        .create(true)
        .mode(0o640)
        .open(path)
}

fn last_anchor(path: &Path, key: &DataKeys) -> std::io::Result<Option<Anchor>> {
    let mut file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    file.seek(SeekFrom::Start(metadata.len().saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    let tail = String::from_utf8_lossy(&tail);
    let mut lines = tail.lines().rev();
    Ok(lines.find_map(|line| match AnchorLine::parse(line, key) {
        AnchorLine::Valid(anchor) => Some(anchor),
        AnchorLine::Invalid | AnchorLine::Other => None,
    }))
}

/// Appends a line, opening the file each time, so that it may be renamed at any time.
fn append(path: &Path, signed: &SignedAnchor) -> Result<(), AnchorError> {
    let failed = |error: std::io::Error| AnchorError::File(path.to_owned(), error);
    let line = serde_json::to_string(signed).map_err(|error| failed(error.into()))?;
    let mut file = open(path).map_err(failed)?;
    // In one write, so that the lines of several services do not mix. It begins a new line, in case a former one was cut off.
    let cut_off = ends_within_a_line(&mut file).map_err(failed)?;
    let line = if cut_off {
        format!("\n{line}\n")
    } else {
        line + "\n"
    };
    file.write_all(line.as_bytes()).map_err(failed)?;
    file.sync_data().map_err(failed)
}

fn ends_within_a_line(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0; 1];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

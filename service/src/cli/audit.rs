//! `portcullis audit verify`: verifies the hash chain of the audit log, and that it contains what was recorded elsewhere. The other
//! subcommand is in `restoration.rs`.

use super::data_keys;
use super::exit::{check_credentials, fail, note, print};
use super::restoration;
use super::runtime::runtime;
use crate::config::Settings;
use crate::crypto::data_keys::DataKeys;
use crate::domain::audit::anchor::AnchorLine;
use crate::domain::audit::completeness::{Completeness, Expected};
use crate::domain::audit::restoration::{BackupName, Restoration};
use crate::domain::audit::verify::{VerifyError, verify};
use crate::secrets::vault::Vault;
use crate::types::event_hash::EventHash;
use clap::Subcommand;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Exit code if the chain is broken.
const EXIT_INCONSISTENT: u8 = 1;

/// Exit code if the chain lacks something that was recorded.
const EXIT_INCOMPLETE: u8 = 3;

/// Exit code if an anchor is not signed by DATA_KEY, or there is none: EX_DATAERR of sysexits.h.
const EXIT_BAD_ANCHORS: u8 = 65;

/// Exit code if the anchors cannot be read: EX_NOINPUT.
const EXIT_NO_INPUT: u8 = 66;

/// Exit code if the log cannot be read: EX_UNAVAILABLE.
const EXIT_UNAVAILABLE: u8 = 69;

/// How often progress is reported.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// The subcommands.
#[derive(Clone, Subcommand)]
pub enum Action {
    /// Verify that the audit log is consistent (every hash is recomputed) and complete (it contains what was recorded).
    /// Exit code 0: both, or consistent and nothing to compare with; 1: inconsistent; 3: incomplete; 65: an anchor is not
    /// signed by DATA_KEY, or none is given; 66: the anchors cannot be read; 69: the audit log cannot be read
    Verify {
        /// A file of AUDIT_ANCHOR_FILE, or logs of the service; needs DATA_KEY. May be repeated
        #[arg(long, value_name = "FILE")]
        anchors: Vec<PathBuf>,
        /// A hash printed by an earlier run, which must still occur in the chain
        #[arg(long, value_name = "HASH", value_parser = parse_hash)]
        head: Option<EventHash>,
    },
    /// Verify a restored database, and record in its audit log from which backup it is; before the service starts. Exit code 1:
    /// inconsistent, or nothing could be recorded; 3: the log does not end with the backup's last event; 65: DATA_KEY is not the
    /// one of the backup; 69: the database cannot be read
    RecordRestore {
        /// The name of the backup
        #[arg(long, value_name = "NAME", value_parser = parse_backup_name)]
        backup: BackupName,
        /// SHA-256 of its file
        #[arg(long, value_name = "HASH", value_parser = parse_hash)]
        sha256: EventHash,
        /// The hash of the last event in it
        #[arg(long, value_name = "HASH", value_parser = parse_hash)]
        head: EventHash,
    },
}

/// What the anchor files hold.
#[derive(Default)]
struct AnchorFiles {
    expected: Expected,
    valid: u64,
    /// File and line of the first invalid one.
    invalid: Option<(PathBuf, usize)>,
}

/// Runs the subcommand; `vault` is the client that issued the login, if any.
pub fn run(settings: &Settings, vault: Option<&Vault>, action: Action) -> ExitCode {
    match action {
        Action::Verify { anchors, head } => run_verify(settings, vault, &anchors, head),
        Action::RecordRestore { backup, sha256, head } => {
            let digest = sha256;
            restoration::run(settings, vault, Restoration { backup, digest, head })
        }
    }
}

fn run_verify(
    settings: &Settings,
    vault: Option<&Vault>,
    anchors: &[PathBuf],
    head: Option<EventHash>,
) -> ExitCode {
    if let Err(code) = check_credentials(&settings.database.accounts) {
        return code;
    }
    let mut files = AnchorFiles::default();
    if !anchors.is_empty() {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(code) => return code,
        };
        let key = match data_keys::load(settings, vault, &runtime) {
            Ok(key) => key,
            Err(code) => return code,
        };
        for path in anchors {
            if let Err(error) = files.read(path, &key) {
                return fail(EXIT_NO_INPUT, &format!("{}: {error}", path.display()));
            }
        }
    }
    if let Some(head) = head {
        files.expected.set_head(head);
    }
    let mut last_report = Instant::now();
    let mut report = |count| {
        if last_report.elapsed() >= PROGRESS_INTERVAL {
            last_report = Instant::now();
            note(&format!("{count} events verified"));
        }
    };
    let (chain, completeness) = match verify(&settings.database, files.expected, &mut report) {
        Ok(verdicts) => verdicts,
        Err(error @ VerifyError::Broken(_)) => return fail(EXIT_INCONSISTENT, &error),
        Err(error) => return fail(EXIT_UNAVAILABLE, &error),
    };
    let (count, head) = (chain.count, chain.head);
    let mut text = format!("consistent: {count} events, last event {count}, head {head}\n");
    let code = match completeness {
        Completeness::Unknown => {
            text += "completeness unknown: compare with --anchors or --head\n";
            ExitCode::SUCCESS
        }
        Completeness::Complete { given, newest } => {
            text += &format!("complete: contains all {given} records");
            if let Some(newest) = newest {
                text += &format!(", the newest of event {} at {}", newest.id, newest.at);
            }
            text += "\n";
            ExitCode::SUCCESS
        }
        Completeness::Incomplete(error) => fail(EXIT_INCOMPLETE, &format!("incomplete: {error}")),
    };
    let printed = print(&text);
    let is_complete = code == ExitCode::SUCCESS;
    match files.invalid {
        _ if !is_complete => code,
        Some((path, line)) => fail(
            EXIT_BAD_ANCHORS,
            &format!(
                "{}, line {line}: the anchor is not signed by DATA_KEY",
                path.display()
            ),
        ),
        None if files.valid == 0 && !anchors.is_empty() => {
            fail(EXIT_BAD_ANCHORS, &"the given files hold no anchor")
        }
        None => printed,
    }
}

impl AnchorFiles {
    fn read(&mut self, path: &Path, key: &DataKeys) -> std::io::Result<()> {
        for (index, line) in BufReader::new(File::open(path)?).split(b'\n').enumerate() {
            match AnchorLine::parse(&String::from_utf8_lossy(&line?), key) {
                AnchorLine::Valid(anchor) => {
                    self.valid += 1;
                    self.expected.add_anchor(anchor);
                }
                AnchorLine::Invalid => {
                    self.invalid.get_or_insert((path.to_owned(), index + 1));
                }
                AnchorLine::Other => {}
            }
        }
        Ok(())
    }
}

fn parse_hash(text: &str) -> Result<EventHash, &'static str> {
    EventHash::parse(text).ok_or("must be 64 hexadecimal digits")
}

fn parse_backup_name(text: &str) -> Result<BackupName, &'static str> {
    BackupName::parse(text).ok_or("must be 1 to 100 letters, digits, `.`, `_` and `-`")
}

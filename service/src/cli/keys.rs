//! `portcullis keys`: generates the keys that `serve` needs, rotates and lists the signing keys. Needs neither settings nor a
//! database, and prints private keys only when it generates them.

use super::exit::{fail, print};
use super::private_file::{LockedFile, create};
use crate::crypto::data_key::DataKey;
use crate::crypto::token_keys::{TokenKey, TokenKeys, TokenKeysError};
use crate::types::clock;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use clap::Subcommand;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The subcommands.
#[derive(Subcommand)]
pub enum Keys {
    /// Generate a key document with one signing key, for TOKEN_KEYS
    Generate {
        /// A new file, created with mode 0600; default: stdout
        file: Option<PathBuf>,
    },
    /// Add a signing key and let the others expire; running services reload the file
    Rotate {
        /// The file of TOKEN_KEYS_FILE; its mode and owner are preserved
        file: PathBuf,
        /// Seconds until the new key signs: at least as long as verifiers cache the published keys
        #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(0..=2_592_000))]
        overlap: u32,
        /// Sign with the new key at once; verifiers with cached keys reject its tokens until they fetch the keys again
        #[arg(long, conflicts_with = "overlap")]
        now: bool,
        /// Seconds that the old keys verify after the new one signs: at least ACCESS_TOKEN_TTL plus one minute
        #[arg(long, value_name = "SECONDS", default_value_t = 3660, value_parser = clap::value_parser!(u32).range(90..=2_592_000))]
        verify: u32,
    },
    /// List the signing keys of a file: ids, states, dates
    List {
        /// The file
        file: PathBuf,
    },
    /// Generate a DATA_KEY
    DataKey,
}

/// Runs the subcommand.
pub fn run(command: &Keys) -> ExitCode {
    match command {
        Keys::Generate { file } => generate(file.as_deref()),
        Keys::Rotate {
            file,
            overlap,
            now,
            verify,
        } => {
            let seconds = |count: u32| Duration::seconds(i64::from(count));
            let overlap = if *now { Duration::zero() } else { seconds(*overlap) };
            finish(file, rotate(file, overlap, seconds(*verify)))
        }
        Keys::List { file } => finish(file, list(file)),
        Keys::DataKey => print(&(DataKey::generate() + "\n")),
    }
}

/// Why a file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Keys(#[from] TokenKeysError),
}

fn finish(file: &Path, done: Result<String, FileError>) -> ExitCode {
    match done {
        Ok(text) => print(&text),
        Err(error) => fail(1, &format!("{}: {error}", file.display())),
    }
}

fn generate(file: Option<&Path>) -> ExitCode {
    let document = match TokenKeys::generate(clock::now()) {
        Ok(document) => document,
        Err(error) => return fail(1, &error),
    };
    match file {
        None => print(&document.to_text()),
        Some(file) => {
            let created = create(file, &document.to_text()).map_err(FileError::Io);
            finish(file, created.map(|()| table(&document, clock::now())))
        }
    }
}

fn rotate(file: &Path, overlap: Duration, verify: Duration) -> Result<String, FileError> {
    let locked = LockedFile::open(file)?;
    let mut document = TokenKeys::parse(locked.text())?;
    let now = clock::now();
    document.rotate(now, overlap, verify)?;
    locked.replace(&document.to_text())?;
    Ok(table(&document, now))
}

fn list(file: &Path) -> Result<String, FileError> {
    let document = TokenKeys::parse(&std::fs::read_to_string(file)?)?;
    Ok(table(&document, clock::now()))
}

fn table(document: &TokenKeys, now: DateTime<Utc>) -> String {
    let mut text = format!(
        "{:<32}  {:<9}  {:<20}  {:<20}  verifies until\n",
        "kid", "state", "created", "signs from"
    );
    let date = |date: DateTime<Utc>| date.to_rfc3339_opts(SecondsFormat::Secs, true);
    for key in &document.keys {
        let TokenKey {
            kid,
            created_at,
            sign_from,
            verify_until,
            ..
        } = key;
        let _ = writeln!(
            text,
            "{kid:<32}  {:<9}  {}  {}  {}",
            document.state(key, now).as_str(),
            date(*created_at),
            date(*sign_from),
            verify_until.map_or_else(|| "-".to_owned(), date)
        );
    }
    text
}

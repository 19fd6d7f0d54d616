//! `portcullis keys`: makes the secrets that `serve` needs, rotates the signing keys, and lists them. Needs neither
//! settings nor a database, and never shows a private key but where it makes one.
use super::exit::{fail, print};
use super::private_file::{Held, create};
use crate::crypto::data_key::DataKey;
use crate::crypto::token_keys::{BadKeys, TokenKey, TokenKeys};
use crate::types::clock;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use clap::Subcommand;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Which keys, and what to do with them.
#[derive(Subcommand)]
pub enum Keys {
    /// Make a document of one signing key; it is what TOKEN_KEYS takes
    Generate {
        /// A file that is not there yet; its mode will be 0600. Without it: to stdout
        file: Option<PathBuf>,
    },
    /// Add a signing key and put an end to the others; running services see it without a restart
    Rotate {
        /// The file that TOKEN_KEYS_FILE names; mode and owner stay
        file: PathBuf,
        /// Seconds until the new key signs: as long as others may keep the published keys
        #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(0..=2_592_000))]
        overlap: u32,
        /// Let the new key sign at once. Whoever keeps the published keys refuses its tokens until they ask again
        #[arg(long, conflicts_with = "overlap")]
        now: bool,
        /// Seconds that the old keys verify after the new one signs: no less than ACCESS_TOKEN_TTL and a minute
        #[arg(long, value_name = "SECONDS", default_value_t = 3660, value_parser = clap::value_parser!(u32).range(90..=2_592_000))]
        verify: u32,
    },
    /// List the signing keys of a file: names, states, dates
    List {
        /// The file
        file: PathBuf,
    },
    /// Print a new DATA_KEY
    DataKey,
}

/// Does it.
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
            ending(file, rotate(file, overlap, seconds(*verify)))
        }
        Keys::List { file } => ending(file, list(file)),
        Keys::DataKey => print(&(DataKey::generate() + "\n")),
    }
}

/// Why a file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Keys(#[from] BadKeys),
}

fn ending(file: &Path, done: Result<String, FileError>) -> ExitCode {
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
            let made = create(file, &document.to_text()).map_err(FileError::Io);
            ending(file, made.map(|()| table(&document, clock::now())))
        }
    }
}

fn rotate(file: &Path, overlap: Duration, verify: Duration) -> Result<String, FileError> {
    let held = Held::open(file)?;
    let mut document = TokenKeys::parse(held.text())?;
    let now = clock::now();
    document.rotate(now, overlap, verify)?;
    held.replace(&document.to_text())?;
    Ok(table(&document, now))
}

fn list(file: &Path) -> Result<String, FileError> {
    let document = TokenKeys::parse(&std::fs::read_to_string(file)?)?;
    Ok(table(&document, clock::now()))
}

fn table(document: &TokenKeys, now: DateTime<Utc>) -> String {
    let mut text = format!(
        "{:<32}  {:<9}  {:<20}  {:<20}  verifies until\n",
        "kid", "state", "made", "signs from"
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

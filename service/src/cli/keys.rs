//! `portcullis keys`: generates, rotates and lists the keys that `serve` needs. Prints private keys only when it generates
//! them. All but `reseal` need neither settings nor a database.

use super::exit::{fail, print};
use super::private_file::{LockedFile, create};
use crate::crypto::data_key::DataKey;
use crate::crypto::data_key_document::{DataKeyDocument, DataKeysError, KeyRemovalError};
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
        /// Generate a document with one data key, for DATA_KEY
        #[arg(long)]
        data: bool,
    },
    /// Add a signing key and let the others expire; running services reload the file
    Rotate {
        /// The file of TOKEN_KEYS_FILE; its mode and owner are preserved
        file: PathBuf,
        /// Add a data key to the file of DATA_KEY_FILE; the others remain until they are removed
        #[arg(long, conflicts_with = "verify")]
        data: bool,
        /// Seconds until the new key signs or seals: at least as long as verifiers cache the published keys, and as
        /// replicas take to receive the file
        #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(0..=2_592_000))]
        overlap: u32,
        /// Use the new key at once; verifiers with cached keys reject its tokens until they fetch the keys again, and
        /// replicas that have not reloaded the file cannot open what it seals
        #[arg(long, conflicts_with = "overlap")]
        now: bool,
        /// Seconds that the old keys verify after the new one signs: at least ACCESS_TOKEN_TTL plus one minute
        #[arg(long, value_name = "SECONDS", default_value_t = 3660, value_parser = clap::value_parser!(u32).range(90..=2_592_000))]
        verify: u32,
    },
    /// List the keys of a file: ids, states, dates
    List {
        /// The file
        file: PathBuf,
        /// The file contains data keys
        #[arg(long)]
        data: bool,
    },
    /// Encrypt stored values with the newest data key; needs the settings of the database and DATA_KEY
    Reseal,
    /// Remove a data key from the file of DATA_KEY_FILE, after `reseal`
    Remove {
        /// The file; its mode and owner are preserved
        file: PathBuf,
        /// The id of the key
        kid: String,
    },
    /// Generate a DATA_KEY
    DataKey,
}

/// Runs a subcommand that needs no settings; `None`: it needs them.
pub fn run(command: &Keys) -> Option<ExitCode> {
    Some(match command {
        Keys::Generate { file, data: false } => generate(file.as_deref(), TokenKeys::generate, show_signing),
        Keys::Generate { file, data: true } => {
            generate(file.as_deref(), DataKeyDocument::generate, show_data)
        }
        Keys::Rotate {
            file,
            data,
            overlap,
            now,
            verify,
        } => {
            let seconds = |count: u32| Duration::seconds(i64::from(count));
            let overlap = if *now { Duration::zero() } else { seconds(*overlap) };
            let rotated = if *data {
                rotate_data(file, overlap)
            } else {
                rotate(file, overlap, seconds(*verify))
            };
            finish(file, rotated)
        }
        Keys::List { file, data } => finish(file, list(file, *data)),
        Keys::Remove { file, kid } => finish(file, remove(file, kid)),
        Keys::DataKey => print(&(DataKey::generate() + "\n")),
        Keys::Reseal => return None,
    })
}

/// Why a file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Signing(#[from] TokenKeysError),
    #[error(transparent)]
    Data(#[from] DataKeysError),
    #[error(transparent)]
    Removal(#[from] KeyRemovalError),
}

fn finish(file: &Path, done: Result<String, FileError>) -> ExitCode {
    match done {
        Ok(text) => print(&text),
        Err(error) => fail(1, &format!("{}: {error}", file.display())),
    }
}

/// The document and its table.
type Shown = (String, String);

fn show_signing(document: &TokenKeys, now: DateTime<Utc>) -> Shown {
    (document.to_text(), table(document, now))
}

fn show_data(document: &DataKeyDocument, now: DateTime<Utc>) -> Shown {
    (document.to_text(), data_table(document, now))
}

fn generate<T, E: Into<FileError>>(
    file: Option<&Path>,
    generate: fn(DateTime<Utc>) -> Result<T, E>,
    show: fn(&T, DateTime<Utc>) -> Shown,
) -> ExitCode {
    let now = clock::now();
    let (text, table) = match generate(now).map_err(Into::into) {
        Ok(document) => show(&document, now),
        Err(error) => return fail(1, &error),
    };
    match file {
        None => print(&text),
        Some(file) => finish(file, create(file, &text).map_err(FileError::Io).map(|()| table)),
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

fn rotate_data(file: &Path, overlap: Duration) -> Result<String, FileError> {
    let locked = LockedFile::open(file)?;
    let mut document = DataKeyDocument::parse(locked.text())?;
    let now = clock::now();
    document.rotate(now, overlap)?;
    locked.replace(&document.to_text())?;
    Ok(data_table(&document, now))
}

fn remove(file: &Path, kid: &str) -> Result<String, FileError> {
    let locked = LockedFile::open(file)?;
    let mut document = DataKeyDocument::parse(locked.text())?;
    let now = clock::now();
    document.remove(kid, now)?;
    locked.replace(&document.to_text())?;
    Ok(data_table(&document, now))
}

fn list(file: &Path, data: bool) -> Result<String, FileError> {
    let (text, now) = (std::fs::read_to_string(file)?, clock::now());
    Ok(if data {
        data_table(&DataKeyDocument::parse(&text)?, now)
    } else {
        table(&TokenKeys::parse(&text)?, now)
    })
}

fn date(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn table(document: &TokenKeys, now: DateTime<Utc>) -> String {
    let mut text = format!(
        "{:<32}  {:<9}  {:<20}  {:<20}  verifies until\n",
        "kid", "state", "created", "signs from"
    );
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

fn data_table(document: &DataKeyDocument, now: DateTime<Utc>) -> String {
    let mut text = format!("{:<16}  {:<9}  {:<20}  seals from\n", "kid", "state", "created");
    let optional = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), date);
    for key in &document.keys {
        let _ = writeln!(
            text,
            "{:<16}  {:<9}  {:<20}  {}",
            key.kid,
            document.state(key, now).as_str(),
            optional(key.created_at),
            optional(key.seal_from)
        );
    }
    text
}

//! `portcullis keys`: generates, rotates and lists the keys that `serve` needs. Prints private keys only when it generates
//! them. All but `reseal` need neither settings nor a database.

use super::exit::{fail, print};
use super::key_document::{KeyDocument, KeyDocumentError, Overlap, change, create, list};
use super::runtime::runtime;
use crate::crypto::data_key::DataKey;
use crate::crypto::data_key_document::DataKeyDocument;
use crate::crypto::token_keys::TokenKeys;
use crate::secrets::document::DocumentStore;
use crate::types::clock;
use chrono::Duration;
use clap::Subcommand;
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

/// What a subcommand does with a stored document.
enum Work<'a> {
    Create,
    Rotate(Overlap),
    List,
    /// A data key.
    Remove(&'a str),
}

impl Keys {
    /// The file of the document, whether it contains data keys, and what to do. `None`: the subcommand has no document.
    fn work(&self) -> Option<(&Path, bool, Work<'_>)> {
        Some(match self {
            Self::Generate { file, data } => (file.as_deref()?, *data, Work::Create),
            Self::Rotate {
                file,
                data,
                overlap,
                now,
                verify,
            } => {
                let seconds = |count: u32| Duration::seconds(i64::from(count));
                let overlap = Overlap {
                    waiting: if *now { Duration::zero() } else { seconds(*overlap) },
                    verifying: seconds(*verify),
                };
                (file, *data, Work::Rotate(overlap))
            }
            Self::List { file, data } => (file, *data, Work::List),
            Self::Remove { file, kid } => (file, true, Work::Remove(kid)),
            Self::Reseal | Self::DataKey => return None,
        })
    }
}

/// Runs a subcommand that needs no settings; `None`: it needs them.
pub fn run(command: &Keys) -> Option<ExitCode> {
    if let Some((file, data, work)) = command.work() {
        return Some(run_on(&DocumentStore::File(file.to_owned()), data, work));
    }
    let text = match command {
        Keys::Generate { data: true, .. } => text_of_new::<DataKeyDocument>(),
        Keys::Generate { data: false, .. } => text_of_new::<TokenKeys>(),
        Keys::DataKey => Ok(DataKey::generate() + "\n"),
        _ => return None,
    };
    Some(match text {
        Ok(text) => print(&text),
        Err(error) => fail(1, &error),
    })
}

fn text_of_new<D: KeyDocument>() -> Result<String, KeyDocumentError> {
    Ok(D::generate(clock::now())?.to_text())
}

fn run_on(store: &DocumentStore, data: bool, work: Work<'_>) -> ExitCode {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let done = if data {
        runtime.block_on(carry_out::<DataKeyDocument>(store, work))
    } else {
        runtime.block_on(carry_out::<TokenKeys>(store, work))
    };
    match done {
        Ok(table) => print(&table),
        Err(error @ KeyDocumentError::Store(_)) => fail(1, &error),
        Err(error) => fail(1, &format!("{store}: {error}")),
    }
}

/// Returns the table of the document.
async fn carry_out<D: KeyDocument>(
    store: &DocumentStore,
    work: Work<'_>,
) -> Result<String, KeyDocumentError> {
    match work {
        Work::Create => create::<D>(store).await,
        Work::Rotate(overlap) => change(store, |document: &mut D, now| document.rotate(now, overlap)).await,
        Work::List => list::<D>(store).await,
        Work::Remove(kid) => {
            let remove = |document: &mut DataKeyDocument, now| Ok(document.remove(kid, now)?);
            change(store, remove).await
        }
    }
}

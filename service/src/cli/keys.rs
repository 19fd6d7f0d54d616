//! `portcullis keys`: generates, rotates and lists the keys that `serve` needs, in files or in Vault. Prints private keys only
//! when it generates them. With files, all but `reseal` need neither settings nor a database.

use super::exit::{fail, print};
use super::key_document::{KeyDocument, KeyDocumentError, Overlap, change, create, list};
use super::runtime::runtime;
use super::vault;
use crate::config::Settings;
use crate::config::keys::KeyKind;
use crate::crypto::data_key::DataKey;
use crate::crypto::data_key_document::DataKeyDocument;
use crate::crypto::token_keys::TokenKeys;
use crate::secrets::document::{DocumentStore, VaultDocument};
use crate::types::clock;
use chrono::Duration;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// How long verifiers may cache the published keys, in seconds.
const CACHE_TIME: u32 = 300;

/// Within this time every replica reads a new document in Vault, in seconds.
const VAULT_DELAY: u32 = 60;

/// The subcommands.
#[derive(Subcommand)]
pub enum Keys {
    /// Generate a key document with one signing key, for TOKEN_KEYS
    Generate {
        /// A new file, created with mode 0600; default: stdout
        #[arg(conflicts_with = "vault")]
        file: Option<PathBuf>,
        /// Store a new document in Vault, which needs the settings VAULT_…
        #[arg(long)]
        vault: bool,
        /// Generate a document with one data key, for DATA_KEY
        #[arg(long)]
        data: bool,
    },
    /// Add a signing key and let the others expire; running services reload the document
    Rotate {
        #[command(flatten)]
        place: Place,
        /// Add a data key to a document of data keys; the others remain until they are removed
        #[arg(long, conflicts_with = "verify")]
        data: bool,
        /// Seconds until the new key signs or seals: as long as replicas take to receive the document, and then verifiers
        /// cache the published keys; default: 300, with --vault 360
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=2_592_000))]
        overlap: Option<u32>,
        /// Use the new key at once; verifiers with cached keys reject its tokens until they fetch the keys again, and
        /// replicas that have not reloaded the document cannot open what it seals
        #[arg(long, conflicts_with = "overlap")]
        now: bool,
        /// Seconds that the old keys verify after the new one signs: at least ACCESS_TOKEN_TTL plus one minute
        #[arg(long, value_name = "SECONDS", default_value_t = 3660, value_parser = clap::value_parser!(u32).range(90..=2_592_000))]
        verify: u32,
    },
    /// List the keys of a document: ids, states, dates
    List {
        #[command(flatten)]
        place: Place,
        /// The document contains data keys
        #[arg(long)]
        data: bool,
    },
    /// Encrypt stored values with the newest data key; needs the settings of the database and of the data keys
    Reseal,
    /// Remove a data key, after `reseal`
    #[command(allow_missing_positional = true)]
    Remove {
        #[command(flatten)]
        place: Place,
        /// The id of the key
        kid: String,
    },
    /// Generate a DATA_KEY
    DataKey,
}

/// Where a document is stored.
#[derive(Args)]
pub struct Place {
    /// The file of TOKEN_KEYS_FILE or DATA_KEY_FILE; its mode and owner are preserved
    #[arg(required_unless_present = "vault", conflicts_with = "vault")]
    file: Option<PathBuf>,
    /// The document in Vault, which needs the settings VAULT_…
    #[arg(long)]
    vault: bool,
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
    /// The file of the document, which kind of keys it contains, and what to do. No file: it is in Vault, or a new one is
    /// printed. `None`: the subcommand has no document.
    fn work(&self) -> Option<(Option<&PathBuf>, KeyKind, Work<'_>)> {
        let kind = |data: bool| if data { KeyKind::Data } else { KeyKind::Signing };
        Some(match self {
            Self::Generate { file, data, .. } => (file.as_ref(), kind(*data), Work::Create),
            Self::Rotate {
                place,
                data,
                overlap,
                now,
                verify,
            } => {
                let seconds = |count: u32| Duration::seconds(i64::from(count));
                let default = if place.vault {
                    CACHE_TIME + VAULT_DELAY
                } else {
                    CACHE_TIME
                };
                let overlap = Overlap {
                    waiting: if *now {
                        Duration::zero()
                    } else {
                        seconds(overlap.unwrap_or(default))
                    },
                    verifying: seconds(*verify),
                };
                (place.file.as_ref(), kind(*data), Work::Rotate(overlap))
            }
            Self::List { place, data } => (place.file.as_ref(), kind(*data), Work::List),
            Self::Remove { place, kid } => (place.file.as_ref(), KeyKind::Data, Work::Remove(kid)),
            Self::Reseal | Self::DataKey => return None,
        })
    }
}

/// Runs a subcommand that needs no settings; `None`: it needs them.
pub fn run(command: &Keys) -> Option<ExitCode> {
    if let Some((Some(file), kind, work)) = command.work() {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(code) => return Some(code),
        };
        return Some(run_on(&runtime, &DocumentStore::File(file.clone()), kind, work));
    }
    let text = match command {
        Keys::Generate {
            vault: false,
            data: true,
            ..
        } => text_of_new::<DataKeyDocument>(),
        Keys::Generate {
            vault: false,
            data: false,
            ..
        } => text_of_new::<TokenKeys>(),
        Keys::DataKey => Ok(DataKey::generate() + "\n"),
        _ => return None,
    };
    Some(match text {
        Ok(text) => print(&text),
        Err(error) => fail(1, &error),
    })
}

/// Runs a subcommand on a document in Vault.
pub fn run_in_vault(settings: &Settings, command: &Keys) -> ExitCode {
    let Some((_, kind, work)) = command.work() else {
        return ExitCode::SUCCESS;
    };
    let (vault, runtime) = match vault::client(settings).and_then(|vault| Ok((vault, runtime()?))) {
        Ok(connected) => connected,
        Err(code) => return code,
    };
    let document = VaultDocument {
        vault: vault.clone(),
        name: kind.document(),
    };
    let code = run_on(&runtime, &DocumentStore::Vault(document), kind, work);
    runtime.block_on(vault.close());
    code
}

fn text_of_new<D: KeyDocument>() -> Result<String, KeyDocumentError> {
    Ok(D::generate(clock::now())?.to_text())
}

fn run_on(runtime: &Runtime, store: &DocumentStore, kind: KeyKind, work: Work<'_>) -> ExitCode {
    let done = match kind {
        KeyKind::Data => runtime.block_on(carry_out::<DataKeyDocument>(store, work)),
        KeyKind::Signing => runtime.block_on(carry_out::<TokenKeys>(store, work)),
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

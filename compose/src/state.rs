//! The files of a stack: secrets, certificates and the demo data.

use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use harness::context::Context;
use image::engine::{Engine, IMAGE};
use private_postgres::password;
use stack::accounts::{self, Account};
use stack::local_stack;

use crate::certificates;

/// The user and the group of all containers.
const ACCOUNT: u32 = 65_532;

/// Passwords of the database's logins.
const LOGINS: [&str; 7] = [
    "admin", "migrator", "rates", "ingest", "accounts", "wishes", "mail",
];

/// Keys that the service's program generates: file, and arguments.
const KEYS: [(&str, &[&str]); 2] = [
    ("data_key", &["keys", "data-key"]),
    ("token_keys", &["keys", "generate"]),
];

/// The folder.
pub struct State {
    /// Only its owner can enter it.
    pub folder: PathBuf,
}

impl State {
    /// The given folder, else `.portcullis-compose` in the repository.
    pub fn at(context: &Context, given: Option<&Path>) -> Result<State> {
        let folder = match given {
            Some(given) => std::path::absolute(given)?,
            None => context.settings.root.join(".portcullis-compose"),
        };
        Ok(State { folder })
    }

    /// The folder of secrets.
    pub fn secrets(&self) -> PathBuf {
        self.folder.join("secrets")
    }

    /// The demo accounts.
    pub fn accounts(&self) -> Result<Vec<Account>> {
        accounts::in_secrets(&self.secrets())
    }

    /// Makes what is missing.
    pub fn make(&self, engine: &Engine<'_>) -> Result<()> {
        let secrets = self.secrets();
        for folder in [&self.folder, &secrets] {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.with_context(|| format!("cannot create {}", folder.display()))?;
            fs::set_permissions(folder, Permissions::from_mode(0o700))?;
        }
        for login in LOGINS {
            password::load_or_create(&secrets.join(login))?;
        }
        self.accounts()?;
        for (file, arguments) in KEYS {
            let file = secrets.join(file);
            if !file.exists() {
                let run = [
                    "run",
                    "--rm",
                    "--read-only",
                    "--cap-drop",
                    "all",
                    "--network",
                    "none",
                    IMAGE,
                ];
                let key = engine.command(run).args(arguments.iter().copied()).output()?;
                password::write(&file, key.trim())?;
            }
        }
        certificates::make(&secrets)?;
        let demo = self.folder.join("demo.sql");
        if !demo.exists() {
            local_stack::write_demo(&demo)?;
        }
        for entry in fs::read_dir(&secrets)? {
            readable(&entry?.path())?;
        }
        readable(&demo)
    }

    /// Removes what it made, and the folder if it is then empty.
    pub fn remove(&self) -> Result<()> {
        // The first file that `make` writes: another folder is not ours.
        if self.secrets().join(LOGINS[0]).exists() {
            fs::remove_dir_all(self.secrets())?;
        }
        let _may_be_absent = fs::remove_file(self.folder.join("demo.sql"));
        let _other_files_stay = fs::remove_dir(&self.folder);
        Ok(())
    }
}

/// An engine mounts single files, which the account of a container must be able to read. Only root can give them to it; elsewhere
/// all may read them, and the folder protects them on this machine.
fn readable(file: &Path) -> Result<()> {
    let made = if rustix::process::geteuid().is_root() {
        fs::set_permissions(file, Permissions::from_mode(0o400))
            .and_then(|()| chown(file, Some(ACCOUNT), Some(ACCOUNT)))
    } else {
        fs::set_permissions(file, Permissions::from_mode(0o444))
    };
    made.with_context(|| format!("cannot change {}", file.display()))
}

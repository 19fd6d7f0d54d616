//! The state directory of `up`: its lock, its data directory, and its removal.

pub mod files;
pub mod stale_processes;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use private_postgres::processes::Identity;
use private_postgres::{data, directories};

use crate::paths::create_private;

/// Everything that `up` creates in it. Only these entries are removed.
const ENTRIES: [&str; 11] = [
    "data-directory",
    "demo.sql",
    "loaded.json",
    "mail",
    "postgres",
    "postgres.log",
    "postgres.new",
    "running.json",
    "secrets",
    "service.log",
    "service.log.old",
];

/// Prefix of root's data directories when the checkout is not accessible to the server's account.
const ELSEWHERE: &str = "/var/tmp/portcullis-";

/// A state directory, which need not exist yet.
#[derive(Debug, Clone)]
pub struct State {
    directory: PathBuf,
}

/// The exclusive right to change a state directory. The operating system releases it when the process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// A process that another thread has started has a copy of the file for a moment, which would continue to hold the lock.
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl State {
    /// The given directory, else `.portcullis` in the repository.
    pub fn at(given: Option<&Path>, root: &Path) -> Result<State> {
        let directory = match given {
            Some(given) => std::path::absolute(given)?,
            None => root.join(".portcullis"),
        };
        Ok(State { directory })
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// One of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Whether `up` has ever used this directory.
    pub fn exists(&self) -> bool {
        self.file("lock").is_file()
    }

    /// Creates it with access for the owner only; for root, the database server's account may traverse it.
    pub fn create(&self) -> Result<()> {
        // Entries with our names but without our lock belong to another program, and `down --wipe` would remove them.
        let foreign = |name: &&&str| !self.exists() && self.file(name).exists();
        if let Some(name) = ENTRIES.iter().find(foreign) {
            bail!(
                "{} holds `{name}` that `cargo xtask up` did not make: give another --state",
                self.directory.display()
            );
        }
        if rustix::process::geteuid().is_root() {
            directories::create_all(&self.directory, directories::TRAVERSABLE)?;
        } else {
            create_private(&self.directory)?;
        }
        create_private(&self.file("secrets"))
    }

    /// Takes the lock and records the process that holds it.
    pub fn lock(&self) -> Result<Lock> {
        let shown = self.directory.display();
        self.try_lock()?.map_err(|holder| match holder {
            Some(holder) => anyhow!("`cargo xtask up` already runs on {shown} (pid {})", holder.pid),
            None => anyhow!("another command is at work on {shown}"),
        })
    }

    /// As [`State::lock`], but returns the process that holds it instead of an error.
    pub fn try_lock(&self) -> Result<Result<Lock, Option<Identity>>> {
        let path = self.file("lock");
        let mut options = OpenOptions::new();
        options
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600);
        let mut file = options
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {
                let me = Identity::of(i32::try_from(std::process::id())?);
                file.set_len(0)?;
                file.write_all(serde_json::to_string(&me)?.as_bytes())?;
                Ok(Ok(Lock { file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.rewind()?;
                file.read_to_string(&mut text)?;
                let holder: Option<Identity> = serde_json::from_str(&text).unwrap_or_default();
                Ok(Err(holder.filter(Identity::is_alive)))
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }

    /// The path of the data directory, which need not exist yet.
    pub fn data(&self) -> Result<PathBuf> {
        let (inside, note) = (self.file("postgres"), self.file("data-directory"));
        if let Ok(elsewhere) = fs::read_to_string(&note) {
            return Ok(PathBuf::from(elsewhere.trim()));
        }
        let data = data::reachable_directory(&inside)?;
        if data != inside {
            fs::write(&note, data.as_os_str().as_encoded_bytes())
                .with_context(|| format!("cannot write {}", note.display()))?;
        }
        Ok(data)
    }

    /// Removes the data directory.
    pub fn remove_data(&self) -> Result<()> {
        let data = self.data()?;
        // Any program of the same user can change the note, so it must not select an arbitrary directory for removal.
        let elsewhere = data
            .to_str()
            .is_some_and(|path| path.starts_with(ELSEWHERE) && !path.contains(".."));
        if data != self.file("postgres") && !elsewhere {
            bail!(
                "{} is not a directory that we chose: remove it yourself",
                data.display()
            );
        }
        let own_folder = data.parent().filter(|_| elsewhere);
        remove(own_folder.unwrap_or(&data))?;
        remove(&self.file("data-directory"))
    }

    /// Removes everything that `up` created, and the directory itself if it is then empty.
    pub fn wipe(self, lock: Lock) -> Result<()> {
        self.remove_data()?;
        for name in ENTRIES {
            remove(&self.file(name))?;
        }
        remove(&self.file("lock"))?;
        drop(lock);
        let _other_files_stay = fs::remove_dir(&self.directory);
        Ok(())
    }
}

fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    removed.with_context(|| format!("cannot remove {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;
    use tempfile::TempDir;

    fn scratch() -> (TempDir, State) {
        let directory = tempfile::tempdir().unwrap();
        let state = State::at(Some(directory.path()), Path::new("/")).unwrap();
        state.create().unwrap();
        (directory, state)
    }

    #[test]
    fn a_second_lock_names_the_holder() {
        let (_directory, state) = scratch();
        let first = state.lock().unwrap();
        let error = state.lock().unwrap_err().to_string();
        assert!(
            error.contains(&format!("(pid {})", std::process::id())),
            "{error}"
        );
        drop(first);
        let lock = state.lock().unwrap();
        state.wipe(lock).unwrap();
    }

    #[test]
    fn secrets_are_private_and_a_wipe_spares_other_files() {
        let (directory, state) = scratch();
        assert_eq!(fs::metadata(state.file("secrets")).unwrap().mode() & 0o777, 0o700);
        fs::write(state.file("service.log"), "x").unwrap();
        fs::write(state.file("mine.txt"), "x").unwrap();
        let lock = state.lock().unwrap();
        state.wipe(lock).unwrap();
        let left: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["mine.txt"]);
    }

    #[test]
    fn a_forged_note_removes_nothing() {
        let (_directory, state) = scratch();
        for forged in ["/etc", "/var/tmp/portcullis-x/../../etc"] {
            fs::write(state.file("data-directory"), forged).unwrap();
            let error = state.remove_data().unwrap_err().to_string();
            assert!(error.contains("not a directory that we chose"), "{error}");
        }
    }
}

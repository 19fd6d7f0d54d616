//! Directories of temporary clusters. They are removed with their owner; when it is killed, by the next one.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::account::{Account, first_reachable};
use crate::directories::{TRAVERSABLE, create, create_all};
use crate::{Error, data, orphan, password};

/// A directory that exists as long as this value. A locked file in it shows that the owner still runs: the operating
/// system releases the lock even after `kill -9`.
#[derive(Debug)]
pub(crate) struct TemporaryDirectory {
    path: PathBuf,
    lock: File,
}

impl TemporaryDirectory {
    /// Creates a directory and removes those whose owners have exited.
    pub(crate) fn create() -> Result<Self, Error> {
        let base = base()?;
        // Serialised, so that no process removes a directory between its creation and its locking.
        let gate = open_lock(&base.join("gate"))?;
        gate.lock().map_err(Error::at("lock", &base))?;
        remove_stale(&base);
        let name: String = password::random()?
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(10)
            .collect();
        let path = base.join(name);
        create(&path, TRAVERSABLE)?;
        let lock = open_lock(&path.join("owner"))?;
        lock.lock().map_err(Error::at("lock", &path))?;
        Ok(Self { path, lock })
    }

    /// Its path; other accounts may traverse it, but not list it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // The next temporary cluster removes what could not be removed here.
        let _ignored = data::remove(&self.path);
        let _ignored = self.lock.unlock();
    }
}

/// The parent of all our temporary clusters. Its own parent is writable by others, so its owner and mode are checked.
fn base() -> Result<PathBuf, Error> {
    let account = Account::for_server()?;
    let candidates = [std::env::temp_dir(), PathBuf::from("/var/tmp")];
    let parent = first_reachable(account, &candidates).unwrap_or_else(|| PathBuf::from("/var/tmp"));
    let base = parent.join(format!("private-postgres-{}", geteuid().as_raw()));
    create_all(&base, TRAVERSABLE)?;
    let meta = fs::symlink_metadata(&base).map_err(Error::at("read", &base))?;
    if !meta.is_dir() || meta.uid() != geteuid().as_raw() || meta.mode() & 0o022 != 0 {
        return Err(Error::at("use", &base)(ErrorKind::PermissionDenied.into()));
    }
    Ok(base)
}

fn open_lock(file: &Path) -> Result<File, Error> {
    File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(file)
        .map_err(Error::at("open", file))
}

/// Best effort: the next cluster tries again.
fn remove_stale(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for directory in entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
    {
        let Ok(lock) = open_lock(&directory.join("owner")) else {
            continue;
        };
        if lock.try_lock().is_ok() && orphan::stop(&directory.join("data")).is_ok() {
            let _ignored = data::remove(&directory);
        }
    }
}

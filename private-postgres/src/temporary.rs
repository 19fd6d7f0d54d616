//! Directories of clusters that vanish with their owner, also when it is killed: the next one clears away.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::account::{Account, first_reachable};
use crate::directories::{PASSAGE, make, make_one};
use crate::{Error, data, orphan, password};

/// A directory that lives as long as this value. Its lock file tells others that the owner still lives: the operating
/// system frees it even after `kill -9`.
#[derive(Debug)]
pub(crate) struct Place {
    directory: PathBuf,
    lock: File,
}

impl Place {
    /// A new directory; clears away those whose owners are gone.
    pub(crate) fn make() -> Result<Place, Error> {
        let base = base()?;
        // One at a time, so that nobody sweeps a directory between its making and its locking.
        let gate = open_lock(&base.join("gate"))?;
        gate.lock().map_err(Error::at("lock", &base))?;
        sweep(&base);
        let name: String = password::random()?
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(10)
            .collect();
        let directory = base.join(name);
        make_one(&directory, PASSAGE)?;
        let lock = open_lock(&directory.join("owner"))?;
        lock.lock().map_err(Error::at("lock", &directory))?;
        Ok(Place { directory, lock })
    }

    /// Where it is; others may pass through, not list.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _the_next_one_clears_away = data::remove(&self.directory);
        let _freed_anyway = self.lock.unlock();
    }
}

/// The parent of all our temporary clusters. Others may write to the directory above, so it has to be truly ours.
fn base() -> Result<PathBuf, Error> {
    let account = Account::for_server()?;
    let candidates = [std::env::temp_dir(), PathBuf::from("/var/tmp")];
    let parent = first_reachable(account, &candidates).unwrap_or_else(|| PathBuf::from("/var/tmp"));
    let base = parent.join(format!("private-postgres-{}", geteuid().as_raw()));
    make(&base, PASSAGE)?;
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

/// What cannot be cleared away now is left for the next time.
fn sweep(base: &Path) {
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
            let _next_time = data::remove(&directory);
        }
    }
}

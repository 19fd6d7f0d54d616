//! Files with secrets: readable by their owner only, never overwritten by accident, replaced atomically.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Opens a file for reading. A pipe, a device or a folder is refused: reading it could take for ever.
pub fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    // Otherwise opening a pipe waits for its writer.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file = options.read(true).custom_flags(nonblocking).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(Error::other("it is not a regular file"))
    }
}

/// Writes a new file with mode 0600; fails if it exists.
pub fn create(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    fill(file, path, text)?;
    sync_folder(path)
}

/// A file locked against replacement by other `portcullis` processes.
pub struct LockedFile {
    /// The canonical path: the target of a symbolic link.
    path: PathBuf,
    lock: File,
    text: String,
}

impl LockedFile {
    /// Opens and locks the file.
    pub fn open(path: &Path) -> Result<Self> {
        let path = path.canonicalize()?;
        loop {
            let mut lock = open(&path)?;
            lock.lock()?;
            // The previous owner of the lock replaced the file: lock the new one.
            if lock.metadata()?.ino() != path.metadata()?.ino() {
                continue;
            }
            let mut text = String::new();
            lock.read_to_string(&mut text)?;
            return Ok(Self { path, lock, text });
        }
    }

    /// Its content.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the content atomically, preserving mode and owner.
    pub fn replace(self, text: &str) -> Result<()> {
        let before = self.lock.metadata()?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = self
            .path
            .with_file_name(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        let replaced = copy_owner_and_mode(&file, &before)
            .and_then(|()| fill(file, &temporary, text))
            .and_then(|()| std::fs::rename(&temporary, &self.path));
        if replaced.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        replaced.and_then(|()| sync_folder(&self.path))
    }
}

/// Copies owner and mode to a file.
fn copy_owner_and_mode(file: &File, like: &std::fs::Metadata) -> Result<()> {
    let now = file.metadata()?;
    if (now.uid(), now.gid()) != (like.uid(), like.gid()) {
        fchown(file, Some(like.uid()), Some(like.gid())).map_err(|error| {
            let why = format!("cannot preserve the owner of the file: {error}");
            Error::new(ErrorKind::PermissionDenied, why)
        })?;
    }
    // After the owner, because changing it may clear mode bits.
    file.set_permissions(Permissions::from_mode(like.mode() & 0o777))
}

fn fill(mut file: File, path: &Path, text: &str) -> Result<()> {
    let filled = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if filled.is_err() {
        let _ = std::fs::remove_file(path);
    }
    filled
}

/// A new directory entry is durable once its directory is synced.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

//! Files of secrets: made for their owner's eyes only, never overwritten by accident, replaced whole or not at all.
use std::fs::{File, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Writes a new file of mode 0600; one that is there already stays as it is.
pub fn create(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    fill(file, path, text)?;
    sync_folder(path)
}

/// A file that nobody else of us replaces while this value lives.
pub struct Held {
    /// The file itself, where the path was a link to it.
    path: PathBuf,
    lock: File,
    text: String,
}

impl Held {
    /// Opens and locks the file.
    pub fn open(path: &Path) -> Result<Self> {
        let path = path.canonicalize()?;
        loop {
            let lock = File::open(&path)?;
            lock.lock()?;
            // Whoever held it before has put another file in its place: that one is to be locked.
            if lock.metadata()?.ino() != path.metadata()?.ino() {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            return Ok(Self { path, lock, text });
        }
    }

    /// What it holds.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Puts another content in its place, with the same mode and the same owner: a reader finds the old file or the new
    /// one, never a part.
    pub fn replace(self, text: &str) -> Result<()> {
        let before = self.lock.metadata()?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let beside = self
            .path
            .with_file_name(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        let replaced = dress(&file, &before)
            .and_then(|()| fill(file, &beside, text))
            .and_then(|()| std::fs::rename(&beside, &self.path));
        if replaced.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        replaced.and_then(|()| sync_folder(&self.path))
    }
}

/// Gives a file the owner and the mode that another one had.
fn dress(file: &File, like: &std::fs::Metadata) -> Result<()> {
    let now = file.metadata()?;
    if (now.uid(), now.gid()) != (like.uid(), like.gid()) {
        fchown(file, Some(like.uid()), Some(like.gid())).map_err(|error| {
            let why = format!("the file belongs to somebody else, and cannot be given to them: {error}");
            Error::new(ErrorKind::PermissionDenied, why)
        })?;
    }
    // After the owner: a change of owner may take bits away.
    file.set_permissions(Permissions::from_mode(like.mode() & 0o777))
}

fn fill(mut file: File, path: &Path, text: &str) -> Result<()> {
    let filled = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if filled.is_err() {
        let _ = std::fs::remove_file(path);
    }
    filled
}

/// A new name is on the disk when its folder is.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

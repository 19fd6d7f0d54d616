//! Delivery to a folder, for development: one file per mail, named after its Message-ID, so that a repeated delivery
//! does not duplicate it.

use super::message::{Encoding, Message};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The folder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at this path, which is created with the first mail.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Writes a mail to a temporary name and renames it, so that readers never find a partial file.
    pub fn write(&self, message: &Message) -> Result<()> {
        let bytes = message
            .bytes(Encoding::EightBit)
            .ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
        // Mails contain links that grant access: readable by the owner only.
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let temporary = self.0.join(format!(".{}.{}", message.id, Uuid::new_v4()));
        let written =
            write_all(&temporary, &bytes).and_then(|()| fs::rename(&temporary, self.path_of(message.id)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// The file of a mail.
    pub fn path_of(&self, id: Uuid) -> PathBuf {
        self.0.join(format!("{id}.eml"))
    }
}

fn write_all(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

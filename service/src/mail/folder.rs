//! The folder that mails lie in on a developer's machine: one file a mail, named by its Message-ID, so that a mail that is
//! written twice is there once. Never read in production.
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
    /// The folder of this path; it is made when the first mail is written.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Writes a mail: under another name first, so that nobody reads half of one.
    pub fn write(&self, message: &Message) -> Result<()> {
        let bytes = message
            .bytes(Encoding::EightBit)
            .ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
        // Mails hold links that sign people in: for the owner's eyes only.
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let unfinished = self.0.join(format!(".{}.{}", message.id, Uuid::new_v4()));
        let written =
            write_all(&unfinished, &bytes).and_then(|()| fs::rename(&unfinished, self.path_of(message.id)));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
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

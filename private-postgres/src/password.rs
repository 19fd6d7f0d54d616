//! Random passwords and the files that keep them, mode 0600; never prints one.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::Error;

/// 64 characters, so that six random bits choose one without bias; all are safe in a conninfo string and a URL.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// 32 characters from the kernel's generator: 192 bits.
///
/// # Errors
/// `Io` when the generator cannot be read.
pub fn random() -> Result<String, Error> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0_u8; 32];
    let mut file = File::open(source).map_err(Error::at("open", source))?;
    file.read_exact(&mut bytes).map_err(Error::at("read", source))?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 64)]))
        .collect())
}

/// The password in the file; a new one is made and written when there is no file yet.
///
/// # Errors
/// `Io` when the file can be neither read nor made.
pub fn kept_in(file: &Path) -> Result<String, Error> {
    match fs::read_to_string(file) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::at("read", file)(error)),
        // Also an empty file: what a full disk leaves behind.
        _ => {
            let password = random()?;
            write(file, &password)?;
            Ok(password)
        }
    }
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// `Io` when it cannot be written.
pub fn write(file: &Path, secret: &str) -> Result<(), Error> {
    let mut fresh = file.as_os_str().to_owned();
    fresh.push(".part");
    let fresh = PathBuf::from(fresh);
    let _left_from_a_crash = fs::remove_file(&fresh);
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .map_err(Error::at("create", &fresh))?;
    out.write_all(secret.as_bytes())
        .map_err(Error::at("write", &fresh))?;
    fs::rename(&fresh, file).map_err(Error::at("write", file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn made_once_and_kept_for_its_owner_only() {
        let file = std::env::temp_dir().join(format!("private-postgres-password-{}", std::process::id()));
        let first = kept_in(&file).unwrap();
        assert_eq!(first.len(), 32);
        assert_eq!(kept_in(&file).unwrap(), first);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        fs::write(&file, "").unwrap();
        assert_ne!(kept_in(&file).unwrap(), first, "an empty file is no password");
        fs::remove_file(file).unwrap();
    }
}

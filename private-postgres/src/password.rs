//! Random passwords and their files, mode 0600.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::Error;

/// 64 characters, so that six random bits choose one without bias; all are safe in a conninfo string and a URL.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// 32 characters from the kernel's random number generator: 192 bits.
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

/// The password in the file; without a file, a new one is generated and stored.
pub fn load_or_create(file: &Path) -> Result<String, Error> {
    match fs::read_to_string(file) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::at("read", file)(error)),
        // An empty file too: a full disk leaves one behind.
        _ => {
            let password = random()?;
            write(file, &password)?;
            Ok(password)
        }
    }
}

/// Writes a file that only its owner can read, completely or not at all.
pub fn write(file: &Path, secret: &str) -> Result<(), Error> {
    let mut fresh = file.as_os_str().to_owned();
    fresh.push(".part");
    let fresh = PathBuf::from(fresh);
    let _stale_file = fs::remove_file(&fresh);
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
    fn a_password_is_generated_once_and_readable_by_its_owner_only() {
        let file = std::env::temp_dir().join(format!("private-postgres-password-{}", std::process::id()));
        let first = load_or_create(&file).unwrap();
        assert_eq!(first.len(), 32);
        assert_eq!(load_or_create(&file).unwrap(), first);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        fs::write(&file, "").unwrap();
        assert_ne!(
            load_or_create(&file).unwrap(),
            first,
            "an empty file is not a password"
        );
        fs::remove_file(file).unwrap();
    }
}

//! Reads secrets from their source: values and files, on every call, so that rotated files take effect; Vault; and Microsoft
//! Entra, for access tokens.

/// When to retry a call.
pub mod backoff;

/// Bodies of answers.
mod bounded_body;

/// Credentials of database logins.
pub mod credentials;

/// Documents of keys, and where they are stored.
pub mod document;

/// Access tokens of Microsoft Entra.
pub mod entra;

/// Files with secrets.
mod private_file;

/// The client of Vault.
pub mod vault;

/// Whether credentials can be issued and renewed.
pub mod login_status;

/// Issued credentials of database logins.
pub mod logins;

use crate::config::secret::SecretSource;
use secrecy::SecretString;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A secret that cannot be read. Names the file, never its content.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file is missing or not readable.
    #[error("cannot read {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// The file is empty.
    #[error("{0} is empty")]
    Empty(PathBuf),
}

/// Reads a secret from its source.
pub fn read(source: &SecretSource) -> Result<SecretString, SecretError> {
    match source {
        SecretSource::Value(value) => Ok(value.clone()),
        SecretSource::File(path) => read_file(path),
    }
}

/// Reads a secret from a file. A trailing line break is ignored.
pub fn read_file(path: &Path) -> Result<SecretString, SecretError> {
    let mut text = String::new();
    private_file::open(path)
        .and_then(|mut file| file.read_to_string(&mut text))
        .map_err(|error| SecretError::Unreadable(path.to_owned(), error))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(SecretError::Empty(path.to_owned()));
    }
    Ok(text.into())
}

/// Warns about the file of a secret that other users than its owner can read or write. It is not refused: some container
/// platforms mount secrets so, in file systems that no other program reads.
pub fn warn_if_exposed(setting: &str, path: &Path) {
    let Ok(metadata) = std::fs::metadata(path) else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & exposing(metadata.uid(), rustix::process::geteuid().as_raw()) != 0 {
        tracing::warn!(
            target: "security",
            event = "secret.exposed",
            setting,
            path = %path.display(),
            mode = format!("{mode:03o}"),
            "others than its owner have access to the file of a secret; set its mode to 600 or 400"
        );
    }
}

/// The permissions that expose a file of this owner. A user who is not the owner can read it only through its group, which is how
/// Kubernetes mounts secrets (`fsGroup`).
fn exposing(owner: u32, user: u32) -> u32 {
    if [owner, 0].contains(&user) { 0o077 } else { 0o037 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    /// V7: A secret that Kubernetes mounts, of root and readable by the group of the pod, is not exposed.
    #[test]
    fn the_group_of_another_owners_file_may_read_it() {
        let is_exposed = |mode: u32, owner, user| mode & exposing(owner, user) != 0;
        assert!(!is_exposed(0o440, 0, 65532));
        assert!(is_exposed(0o444, 0, 65532) && is_exposed(0o460, 0, 65532));
        assert!(is_exposed(0o440, 65532, 65532) && is_exposed(0o440, 0, 0) && is_exposed(0o440, 65532, 0));
    }

    #[test]
    fn a_trailing_line_break_is_ignored_and_errors_name_the_file() {
        let dir = std::env::temp_dir().join(format!("portcullis-secret-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("password");
        let source = SecretSource::File(file.clone());
        std::fs::write(&file, "s3cret \n").unwrap();
        assert_eq!(read(&source).unwrap().expose_secret(), "s3cret ");
        std::fs::write(&file, "\n").unwrap();
        assert!(read(&source).unwrap_err().to_string().ends_with("is empty"));
        std::fs::remove_dir_all(&dir).unwrap();
        assert!(read(&source).unwrap_err().to_string().contains("cannot read"));
        assert!(!format!("{:?}", SecretSource::Value("hush".into())).contains("hush"));
    }
}

//! Creates directories with exact permissions; never changes an existing one.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::Error;

/// Creates a directory and its missing parents, all with this mode regardless of the umask: with a strict umask the
/// server's account could not traverse them.
pub fn create_all(directory: &Path, mode: u32) -> Result<(), Error> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(above) = directory.parent() {
        create_all(above, mode)?;
    }
    match create(directory, mode) {
        // Another process created it first.
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists && directory.is_dir() => {
            Ok(())
        }
        result => result,
    }
}

/// Creates one directory that must not exist yet.
pub(crate) fn create(directory: &Path, mode: u32) -> Result<(), Error> {
    fs::create_dir(directory)
        .and_then(|()| fs::set_permissions(directory, Permissions::from_mode(mode)))
        .map_err(Error::at("create", directory))
}

/// Other accounts may traverse, but not list: an unprivileged server has to reach its own directories.
pub const TRAVERSABLE: u32 = 0o711;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn new_directories_have_the_mode_and_existing_ones_are_unchanged() {
        let top = std::env::temp_dir().join(format!("private-postgres-directories-{}", std::process::id()));
        create(&top, 0o750).unwrap();
        create_all(&top.join("a/b"), TRAVERSABLE).unwrap();
        create_all(&top.join("a/b"), 0o700).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(
            (mode(&top), mode(&top.join("a")), mode(&top.join("a/b"))),
            (0o750, 0o711, 0o711)
        );
        assert!(create(&top, 0o700).is_err(), "it exists already");
        fs::remove_dir_all(top).unwrap();
    }
}

//! Makes directories with exactly the wanted permissions; never changes one that is there.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::Error;

/// Makes a directory and the missing ones above it, all with this mode, whatever the umask says: under a strict one the
/// server's account could not pass.
///
/// # Errors
/// `Io` when one cannot be made.
pub fn make(directory: &Path, mode: u32) -> Result<(), Error> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(above) = directory.parent() {
        make(above, mode)?;
    }
    match make_one(directory, mode) {
        // Somebody else was quicker.
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists && directory.is_dir() => {
            Ok(())
        }
        result => result,
    }
}

/// Makes one directory that must not be there yet.
pub(crate) fn make_one(directory: &Path, mode: u32) -> Result<(), Error> {
    fs::create_dir(directory)
        .and_then(|()| fs::set_permissions(directory, Permissions::from_mode(mode)))
        .map_err(Error::at("create", directory))
}

/// Others may pass through, but not list: the account of root's servers has to get to what is its own.
pub const PASSAGE: u32 = 0o711;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn each_new_one_has_the_mode_and_old_ones_keep_theirs() {
        let top = std::env::temp_dir().join(format!("private-postgres-directories-{}", std::process::id()));
        make_one(&top, 0o750).unwrap();
        make(&top.join("a/b"), PASSAGE).unwrap();
        make(&top.join("a/b"), 0o700).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(
            (mode(&top), mode(&top.join("a")), mode(&top.join("a/b"))),
            (0o750, 0o711, 0o711)
        );
        assert!(make_one(&top, 0o700).is_err(), "there already");
        fs::remove_dir_all(top).unwrap();
    }
}

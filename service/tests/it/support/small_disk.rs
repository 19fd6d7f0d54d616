//! A disk of a few megabytes on which a PostgreSQL server has a tablespace.

use super::program::{installed, stderr};
use private_postgres::account::Account;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A mounted tmpfs; dropping it unmounts it, after the server has stopped.
pub struct SmallDisk {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts it for the account of servers; the error says why this machine cannot.
    pub fn mount(megabytes: u32) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let Account { uid, gid, .. } = Account::for_server().unwrap();
        let options = format!("size={megabytes}m,mode=0700,uid={uid},gid={gid}");
        let arguments = ["-t", "tmpfs", "-o", &options, "tmpfs", path.to_str().unwrap()];
        let Some(output) = installed("mount", &arguments) else {
            return Err("mount is not installed".to_owned());
        };
        if !output.status.success() {
            return Err(format!("no tmpfs can be mounted: {}", stderr(&output).trim()));
        }
        Ok(Self {
            path,
            _folder: folder,
        })
    }

    /// The statement that creates a tablespace on it.
    pub fn create_tablespace(&self, name: &str) -> String {
        format!("CREATE TABLESPACE {name} LOCATION '{}'", self.path.display())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = installed("umount", &["--lazy", self.path.to_str().unwrap()]);
    }
}

//! The operating system account that the server runs as: our own, or an unprivileged one when we are root.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{getegid, geteuid};

use crate::Error;

/// A user and group id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Whether a child process must be switched to this account, because it is not ours.
    pub switch: bool,
}

impl Account {
    /// Our own account, unless we are root: then `postgres` if it exists, else `nobody`. PostgreSQL refuses to run
    /// as root.
    pub fn for_server() -> Result<Account, Error> {
        if !geteuid().is_root() {
            return Ok(Account {
                uid: geteuid().as_raw(),
                gid: getegid().as_raw(),
                switch: false,
            });
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| entry(&passwd, name))
            .ok_or(Error::NoAccount)
    }

    /// Changes the owner of a path to this account.
    pub(crate) fn take_ownership(&self, path: &Path) -> Result<(), Error> {
        if !self.switch {
            return Ok(());
        }
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .map_err(Error::at("change the owner of", path))
    }

    /// Whether this account may traverse the directory and all its parents, judged by permission bits only (no ACLs).
    pub fn can_reach(&self, directory: &Path) -> bool {
        let Ok(real) = fs::canonicalize(directory) else {
            return false;
        };
        !self.switch || real.ancestors().all(|step| self.can_search(step))
    }

    fn can_search(&self, directory: &Path) -> bool {
        let Ok(meta) = fs::metadata(directory) else {
            return false;
        };
        let bit = if meta.uid() == self.uid {
            0o100
        } else if meta.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        meta.mode() & bit != 0
    }
}

/// The first of these directories that the server's account can reach, judged by their nearest existing parents.
pub fn first_reachable(account: Account, candidates: &[PathBuf]) -> Option<PathBuf> {
    let reachable = |wanted: &&PathBuf| {
        let existing = wanted.ancestors().find(|step| step.exists());
        existing.is_some_and(|step| account.can_reach(step))
    };
    candidates.iter().find(reachable).cloned()
}

/// One line of passwd(5): `name:password:uid:gid:…`. Negative ids (macOS) do not parse and are skipped.
fn entry(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    (uid != 0).then_some(Account {
        uid,
        gid,
        switch: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\npostgresx:x:7:7::/:\nnobody:x:65534:65533::/:\n";

    #[test]
    fn passwd_is_parsed() {
        assert_eq!(
            entry(PASSWD, "nobody"),
            Some(Account {
                uid: 65534,
                gid: 65533,
                switch: true
            })
        );
        assert_eq!(
            entry(PASSWD, "postgres"),
            None,
            "a longer name is another account"
        );
        assert_eq!(entry(PASSWD, "root"), None);
    }

    #[test]
    fn a_closed_directory_is_unreachable_for_another_account() {
        let closed = std::env::temp_dir().join(format!("private-postgres-closed-{}", std::process::id()));
        fs::create_dir_all(closed.join("inner")).unwrap();
        fs::set_permissions(closed.join("inner"), fs::Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let other = Account {
            uid: 54321,
            gid: 54321,
            switch: true,
        };
        assert!(!other.can_reach(&closed.join("inner")));
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o711)).unwrap();
        assert!(other.can_reach(&closed.join("inner")));
        fs::remove_dir_all(closed).unwrap();
    }
}

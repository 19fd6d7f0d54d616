//! The demo accounts and the files with their passwords.

use std::path::{Path, PathBuf};

use anyhow::Result;
use private_postgres::password;

/// Each role has one account.
const ROLES: [&str; 4] = ["admin", "user", "approver", "ingest"];

/// A demo account. `Debug` does not show the password.
#[derive(Clone)]
pub struct Account {
    /// What it may do.
    pub role: &'static str,
    /// `admin@demo.example`.
    pub email: String,
    /// `Demo admin`.
    pub name: String,
    /// Generated.
    pub password: String,
    /// Where it is.
    pub password_file: PathBuf,
}

/// All accounts. Missing passwords are generated in this directory.
pub fn in_secrets(secrets: &Path) -> Result<Vec<Account>> {
    ROLES
        .into_iter()
        .map(|role| {
            let file = secrets.join(format!("account-{role}"));
            if !file.exists() {
                password::write(&file, &new_password()?)?;
            }
            Ok(Account {
                role,
                email: format!("{role}@demo.example"),
                name: format!("Demo {role}"),
                password: password::load_or_create(&file)?,
                password_file: file,
            })
        })
        .collect()
}

/// A password that contains no part of its owner's name or address, because the service rejects those.
fn new_password() -> Result<String> {
    loop {
        let password = password::random()?;
        let small = password.to_lowercase();
        if !ROLES.iter().chain(&["demo"]).any(|word| small.contains(word)) {
            return Ok(password);
        }
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Account({})", self.email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_stored_and_not_shown() {
        let secrets = tempfile::tempdir().unwrap();
        let [first, second] = [(); 2].map(|()| in_secrets(secrets.path()).unwrap());
        assert_eq!(first.len(), 4);
        for (one, other) in first.iter().zip(&second) {
            assert_eq!(one.password, other.password);
            assert!(one.password.len() >= 20 && !format!("{one:?}").contains(&one.password));
        }
        assert_ne!(first[0].password, first[1].password);
    }
}

//! Where a secret is to be found, as the settings say it. Never reads it: that is `secrets`' work.
use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;

/// A secret's whereabouts. `Debug` tells the kind, never the secret.
#[derive(Clone)]
pub enum SecretSource {
    /// The value itself, from the environment or the settings file.
    Value(SecretString),
    /// A file that holds the value, with or without a line end, as container platforms mount them.
    File(PathBuf),
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value([redacted])"),
            Self::File(path) => write!(f, "File({})", path.display()),
        }
    }
}

//! Where to read a secret from. Reading it is the job of `secrets`.

use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;

/// Source of a secret. `Debug` never shows the value.
#[derive(Clone)]
pub enum SecretSource {
    /// The value itself, from the environment or the settings file.
    Value(SecretString),
    /// A file with the value, as container platforms mount them. A trailing line break is ignored.
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

//! The file that the state is written to before an answer is sent, so that a server that is killed comes up with it, sealed.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::core::state::State;

/// Where the state is stored.
pub(crate) struct Storage {
    path: PathBuf,
    /// The text that was written last; one writer at a time.
    written: Mutex<String>,
}

/// The content of the file.
#[derive(Serialize)]
struct Snapshot<'a> {
    clock_offset_ms: i64,
    state: &'a State,
}

/// The content of the file when it is read.
#[derive(Deserialize)]
pub(crate) struct Stored {
    pub(crate) clock_offset_ms: i64,
    pub(crate) state: State,
}

impl Storage {
    pub(crate) fn new(path: PathBuf) -> Storage {
        Storage {
            path,
            written: Mutex::default(),
        }
    }

    /// What an earlier server stored.
    ///
    /// # Errors
    /// When there is a file that cannot be read.
    pub(crate) fn load(&self) -> Result<Option<Stored>> {
        if !self.path.exists() {
            return Ok(None);
        }
        let path = self.path.display();
        let text = fs::read_to_string(&self.path).with_context(|| format!("cannot read {path}"))?;
        let mut stored: Stored =
            serde_json::from_str(&text).with_context(|| format!("cannot parse {path}"))?;
        stored.state.seal.close();
        Ok(Some(stored))
    }

    /// Writes the state if it has changed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn save(&self, clock_offset_ms: i64, state: &State) -> Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let text = serde_json::to_string(&Snapshot {
            clock_offset_ms,
            state,
        })?;
        if *written == text {
            return Ok(());
        }
        let new = self.path.with_extension("new");
        let mut file = fs::File::create(&new)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, &self.path)?;
        *written = text;
        Ok(())
    }
}

//! The end of a log: new lines, and warnings in them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

pub use private_postgres::data::last_lines;
use serde_json::Value;

/// Follows a log.
#[derive(Debug)]
pub struct Tail {
    file: PathBuf,
    read: u64,
}

impl Tail {
    /// Starts at the current end of the file.
    pub fn from_end(file: &Path) -> Tail {
        let read = file.metadata().map_or(0, |meta| meta.len());
        Tail {
            file: file.to_owned(),
            read,
        }
    }

    /// Complete lines written since the last call; none while the file cannot be read.
    pub fn new_lines(&mut self) -> Vec<String> {
        let mut text = Vec::new();
        let read = File::open(&self.file).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.read))?;
            file.read_to_end(&mut text)
        });
        if read.is_err() {
            return Vec::new();
        }
        let last = text.iter().rposition(|byte| *byte == b'\n');
        let complete = &text[..last.map_or(0, |last| last + 1)];
        self.read += complete.len() as u64;
        let lines = String::from_utf8_lossy(complete);
        lines.lines().map(str::to_owned).collect()
    }
}

/// A warning or an error in a line of the service's log, shortened for the terminal.
pub fn warning_in(line: &str) -> Option<String> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let level = entry["level"].as_str()?;
    if !matches!(level, "WARN" | "ERROR") {
        return None;
    }
    let fields = entry.get("fields").unwrap_or(&entry);
    let message = fields["message"].as_str().unwrap_or("(no message)");
    let cause = fields["error"].as_str().or(fields["cause"].as_str());
    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    Some(format!("{level} {message}{cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_complete_lines_are_returned() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"old\n").unwrap();
        let mut tail = Tail::from_end(file.path());
        file.write_all(b"one\ntw").unwrap();
        assert_eq!(tail.new_lines(), ["one"]);
        file.write_all(b"o\n").unwrap();
        assert_eq!(tail.new_lines(), ["two"]);
        assert_eq!(tail.new_lines(), [] as [String; 0]);
    }

    #[test]
    fn only_warnings_and_errors_are_shown() {
        let line = r#"{"level":"ERROR","fields":{"message":"no database","error":"refused"},"target":"x"}"#;
        assert_eq!(warning_in(line).unwrap(), "ERROR no database: refused");
        assert_eq!(
            warning_in(r#"{"level":"INFO","fields":{"message":"fine"}}"#),
            None
        );
        assert_eq!(warning_in("panicked at"), None);
    }
}

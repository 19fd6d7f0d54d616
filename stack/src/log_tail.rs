//! The end of a log: new lines, and warnings in them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

pub use private_postgres::data::last_lines;
use serde_json::Value;

/// Follows a log from its current end.
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

    /// Complete lines written since the last call.
    pub fn new_lines(&mut self) -> Vec<String> {
        let mut text = Vec::new();
        let Ok(mut file) = File::open(&self.file) else {
            return Vec::new();
        };
        if file
            .seek(SeekFrom::Start(self.read))
            .and_then(|_| file.read_to_end(&mut text))
            .is_err()
        {
            return Vec::new();
        }
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        self.read += whole as u64;
        String::from_utf8_lossy(&text[..whole])
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

/// A warning or an error in a line of the service's log, shortened for the terminal.
pub fn warning_in(line: &str) -> Option<String> {
    let Ok(entry) = serde_json::from_str::<Value>(line) else {
        return None;
    };
    let level = entry
        .get("level")
        .and_then(Value::as_str)
        .filter(|level| matches!(*level, "WARN" | "ERROR"))?;
    let fields = entry.get("fields").unwrap_or(&entry);
    let message = fields
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or("(no message)");
    let cause = ["error", "cause"]
        .iter()
        .find_map(|key| fields.get(key).and_then(Value::as_str));
    Some(format!(
        "{level} {message}{}",
        cause.map(|cause| format!(": {cause}")).unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn follows_whole_lines_only() {
        let path = std::env::temp_dir().join(format!("xtask-tail-{}", std::process::id()));
        let mut file = File::create(&path).unwrap();
        file.write_all(b"old\n").unwrap();
        let mut tail = Tail::from_end(&path);
        file.write_all(b"one\ntw").unwrap();
        assert_eq!(tail.new_lines(), ["one"]);
        file.write_all(b"o\n").unwrap();
        assert_eq!(tail.new_lines(), ["two"]);
        assert_eq!(tail.new_lines(), [] as [String; 0]);
        std::fs::remove_file(path).unwrap();
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

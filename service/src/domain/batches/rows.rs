//! The rows of a file, one at a time: CSV or dump, detected by its first line, or a format that the caller states.

use super::csv::Csv;
use super::dump::Dump;
use super::json::{self, Elements};
use super::outcome::{FileError, NO_FORMAT};
use super::row::{Entry, Price, Row, RowError};
use super::scanner::Scanner;
use super::signature::Signature;
use crate::types::upload::BatchFormat;
use std::io::Read;

/// Keywords that a statement of a dump may start with; comments and psql's commands start with other characters.
const KEYWORDS: [&str; 16] = [
    "set", "select", "create", "alter", "copy", "insert", "delete", "begin", "start", "comment", "drop",
    "grant", "revoke", "update", "truncate", "do",
];

/// The rows of a file.
pub struct Rows<R>(Option<Format<R>>);

enum Format<R> {
    Unknown(Scanner<R>),
    Csv(Scanner<R>, Csv),
    Dump(Box<Dump<R>>),
    JsonLines(Scanner<R>),
    Json(Scanner<R>, Elements),
}

impl<R: Read> Rows<R> {
    /// The rows of this reader.
    pub fn new(reader: R) -> Self {
        Self(Some(Format::Unknown(Scanner::new(reader))))
    }

    /// The rows of this reader, which must have this format.
    pub fn of_format(reader: R, format: BatchFormat) -> Result<Self, FileError> {
        let mut scanner = Scanner::new(reader);
        let first = scanner.first_bytes()?;
        match Signature::of(first) {
            Some(Signature::Utf8Mark) => scanner.skip(3),
            Some(Signature::Gzip) => {
                return Err(FileError::refused(
                    1,
                    "is compressed, but not by `Content-Encoding`",
                ));
            }
            Some(Signature::Other(reason)) => return Err(FileError::refused(1, reason)),
            None => {}
        }
        let rows = match format {
            BatchFormat::Csv => detect(scanner)?,
            BatchFormat::JsonLines => Format::JsonLines(scanner),
            BatchFormat::Json => Format::Json(scanner, Elements::new()),
        };
        match rows {
            Format::Dump(_) => Err(FileError::refused(
                1,
                "is a dump: only the command line imports it",
            )),
            rows => Ok(Self(Some(rows))),
        }
    }

    /// SHA-256 of the bytes read; at the end, of the whole file.
    pub fn file_digest(&self) -> [u8; 32] {
        match &self.0 {
            Some(
                Format::Unknown(scanner)
                | Format::Csv(scanner, _)
                | Format::JsonLines(scanner)
                | Format::Json(scanner, _),
            ) => scanner.digest(),
            Some(Format::Dump(dump)) => dump.scanner().digest(),
            None => [0; 32],
        }
    }

    /// The line of the last byte read.
    pub fn last_line(&self) -> u64 {
        match &self.0 {
            Some(Format::Unknown(scanner) | Format::Csv(scanner, _) | Format::JsonLines(scanner)) => {
                scanner.last_line()
            }
            Some(Format::Json(_, elements)) => elements.count(),
            Some(Format::Dump(dump)) => dump.scanner().last_line(),
            None => 1,
        }
    }

    /// The next entry or its validation error; `None` at the end. The outer error ends the file.
    pub fn next_entry(&mut self) -> Result<Option<Result<Entry, RowError>>, FileError> {
        loop {
            match &mut self.0 {
                Some(Format::Csv(scanner, csv)) => {
                    let Some(line) = scanner.next_line()? else {
                        return Ok(None);
                    };
                    if let Some(row) = csv.row(line.number, line.bytes) {
                        return Ok(Some(row.map(to_entry)));
                    }
                }
                Some(Format::Dump(dump)) => return dump.next_entry(),
                Some(Format::JsonLines(scanner)) => {
                    let Some(line) = scanner.next_line()? else {
                        return Ok(None);
                    };
                    if !line.bytes.trim_ascii().is_empty() {
                        return Ok(Some(json::row(line.number, line.bytes).map(to_entry)));
                    }
                }
                Some(Format::Json(scanner, elements)) => {
                    let element = elements.next(scanner)?;
                    return Ok(element.map(|price| price.map(to_entry)));
                }
                Some(Format::Unknown(_)) => {
                    if let Some(Format::Unknown(scanner)) = self.0.take() {
                        self.0 = Some(detect(scanner)?);
                    }
                }
                None => return Ok(None),
            }
        }
    }
}

fn to_entry(price: Price) -> Entry {
    Entry::Row(Row::Price(price))
}

/// Detects the format by the first bytes; a CSV starts with its header.
fn detect<R: Read>(mut scanner: Scanner<R>) -> Result<Format<R>, FileError> {
    let first = scanner.first_bytes()?;
    let mut skipped = 0;
    match Signature::of(first) {
        Some(Signature::Utf8Mark) => skipped = 3,
        Some(Signature::Gzip) => {
            return Err(FileError::refused(
                1,
                "is compressed with gzip twice: decompress it once",
            ));
        }
        Some(Signature::Other(reason)) => return Err(FileError::refused(1, reason)),
        None => {}
    }
    let text = &first[skipped..];
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(FileError::refused(1, "the file is empty"));
    }
    if text.contains(&b'\r') && !text.contains(&b'\n') {
        return Err(FileError::refused(
            1,
            "has CR as line ends: they must be LF or CR LF",
        ));
    }
    let mut lines = text.split(|byte| *byte == b'\n');
    let blank = lines
        .by_ref()
        .take_while(|line| line.iter().all(u8::is_ascii_whitespace))
        .count();
    let number = blank as u64 + 1;
    let line = text
        .split(|byte| *byte == b'\n')
        .nth(blank)
        .unwrap_or_default()
        .trim_ascii();
    // A multi-byte character may be cut at the end of the first bytes; the start decides.
    let line = line
        .utf8_chunks()
        .next()
        .map(|chunk| chunk.valid())
        .unwrap_or_default();
    match Csv::of_header(number, line) {
        Some(Ok(csv)) => {
            scanner.skip(skipped);
            for _ in 0..number {
                scanner.next_line()?;
            }
            Ok(Format::Csv(scanner, csv))
        }
        Some(Err(error)) => Err(FileError::Refused(error)),
        None if starts_dump(line) => {
            scanner.skip(skipped);
            Ok(Format::Dump(Box::new(Dump::new(scanner))))
        }
        None => Err(FileError::refused(number, NO_FORMAT)),
    }
}

fn starts_dump(line: &str) -> bool {
    if line.starts_with("--") || line.starts_with("/*") || line.starts_with('\\') {
        return true;
    }
    let end = line
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(line.len());
    let word = line[..end].to_ascii_lowercase();
    let is_separated = line[end..].is_empty() || line[end..].starts_with([' ', '\t', ';', '/', '(']);
    KEYWORDS.contains(&word.as_str()) && is_separated
}

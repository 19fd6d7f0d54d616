//! The rows of a file, one at a time: CSV or dump, detected by the first line. Hashes the content.
//!
//! CSV is split at commas without a crate: no field of this format can contain a comma, a quote or a line end.

use super::dump::Dump;
use super::row::{PRICE_COLUMNS, Row, RowError, price};
use sha2::{Digest, Sha256};
use std::io::{BufRead, Error, ErrorKind, Read};

/// Maximum length of a line in bytes, which bounds memory.
pub const MAX_LINE: u64 = 65_536;

/// The rows of a file.
pub struct Rows<R> {
    lines: Lines<R>,
    format: Option<Format>,
}

enum Format {
    /// For each column of a price, its index in the line.
    Csv([usize; 4]),
    Dump(Dump),
}

impl<R: BufRead> Rows<R> {
    /// The rows of this reader.
    pub fn new(reader: R) -> Self {
        Self {
            lines: Lines {
                reader,
                number: 0,
                hash: Sha256::new(),
            },
            format: None,
        }
    }

    /// The number of the last line read, from 1.
    pub fn line(&self) -> u64 {
        self.lines.number
    }

    /// The next row or its validation error; `None` at the end. The outer error is the reader's.
    pub fn next_row(&mut self) -> Result<Option<Result<Row, RowError>>, Error> {
        loop {
            let Some(text) = self.lines.next_line()? else {
                return Ok(self.at_end());
            };
            let line = self.lines.number;
            let Ok(text) = std::str::from_utf8(&text) else {
                return Ok(Some(Err(RowError::new(line, "", "is not UTF-8"))));
            };
            let row = match &mut self.format {
                None => {
                    match detect_format(text) {
                        Ok(format) => self.format = Some(format),
                        Err(error) => return Ok(Some(Err(error))),
                    }
                    if let Some(Format::Dump(dump)) = &mut self.format {
                        dump.row(line, text)
                    } else {
                        None
                    }
                }
                Some(Format::Csv(indices)) => csv_row(line, text, *indices),
                Some(Format::Dump(dump)) => dump.row(line, text),
            };
            if row.is_some() {
                return Ok(row);
            }
        }
    }

    /// SHA-256 of everything read.
    pub fn digest(&self) -> [u8; 32] {
        self.lines.hash.clone().finalize().into()
    }

    /// Whether the file is complete; reports an incomplete one once.
    fn at_end(&mut self) -> Option<Result<Row, RowError>> {
        let line = self.lines.number;
        match self.format.take() {
            Some(Format::Csv(_)) => {
                self.format = Some(Format::Dump(Dump::ended()));
                None
            }
            Some(Format::Dump(mut dump)) => {
                let error = dump.end(line).err();
                self.format = Some(Format::Dump(Dump::ended()));
                error.map(Err)
            }
            None => {
                self.format = Some(Format::Dump(Dump::ended()));
                Some(Err(RowError::new(line.max(1), "", "the file is empty")))
            }
        }
    }
}

/// A CSV starts with its header; anything else must be a dump.
fn detect_format(first: &str) -> Result<Format, RowError> {
    let names: Vec<&str> = first
        .trim_start_matches('\u{feff}')
        .split(',')
        .map(str::trim)
        .collect();
    if !names.iter().any(|name| PRICE_COLUMNS.contains(name)) {
        return Ok(Format::Dump(Dump::default()));
    }
    let mut indices = [0; 4];
    for (column, index) in PRICE_COLUMNS.iter().zip(&mut indices) {
        let found = names.iter().position(|name| name == column);
        *index = found.ok_or_else(|| RowError::new(1, column, "is missing from the header"))?;
    }
    if names.len() != 4 {
        return Err(RowError::new(
            1,
            "",
            "the header must be orig_code,dest_code,day,price",
        ));
    }
    Ok(Format::Csv(indices))
}

/// Codes, days and numbers need no quotes, but spreadsheets may add them.
fn csv_row(line: u64, text: &str, indices: [usize; 4]) -> Option<Result<Row, RowError>> {
    if text.is_empty() {
        return None;
    }
    let mut fields = [""; 4];
    let mut count = 0;
    for field in text.split(',') {
        if let Some(slot) = fields.get_mut(count) {
            *slot = field
                .strip_prefix('"')
                .and_then(|f| f.strip_suffix('"'))
                .unwrap_or(field);
        }
        count += 1;
    }
    if count != 4 {
        return Some(Err(RowError::new(
            line,
            "",
            format!("has {count} fields instead of 4"),
        )));
    }
    Some(price(line, indices.map(|index| fields[index])).map(Row::Price))
}

struct Lines<R> {
    reader: R,
    number: u64,
    hash: Sha256,
}

impl<R: BufRead> Lines<R> {
    /// The next line without its line end.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut line = Vec::with_capacity(48);
        let read = self.reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if read as u64 == MAX_LINE {
            let text = format!("line {} is longer than {MAX_LINE} bytes", self.number);
            return Err(Error::new(ErrorKind::InvalidData, text));
        }
        self.hash.update(&line);
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        Ok(Some(line))
    }
}

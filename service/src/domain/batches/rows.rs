//! The rows of a file, one at a time: CSV or dump, found out from the first line. Hashes what it reads.
use super::dump::Dump;
use super::row::{PRICE_COLUMNS, Row, RowFault, price};
use sha2::{Digest, Sha256};
use std::io::{BufRead, Error, ErrorKind, Read};

/// A line longer than this is no line of ours; it also bounds memory.
pub const LONGEST_LINE: u64 = 65_536;

/// The rows of a file.
pub struct Rows<R> {
    lines: Lines<R>,
    format: Option<Format>,
}

enum Format {
    /// For each column of a price, its place in the line.
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

    /// The line read last, from 1.
    pub fn line(&self) -> u64 {
        self.lines.number
    }

    /// The next row, a bad row, or `None` at the end. The outer error is the reader's.
    pub fn next_row(&mut self) -> Result<Option<Result<Row, RowFault>>, Error> {
        loop {
            let Some(text) = self.lines.next_line()? else {
                return Ok(self.at_end());
            };
            let line = self.lines.number;
            let Ok(text) = std::str::from_utf8(&text) else {
                return Ok(Some(Err(RowFault::new(line, "", "is not UTF-8"))));
            };
            let row = match &mut self.format {
                None => {
                    match begin(text) {
                        Ok(format) => self.format = Some(format),
                        Err(fault) => return Ok(Some(Err(fault))),
                    }
                    if let Some(Format::Dump(dump)) = &mut self.format {
                        dump.row(line, text)
                    } else {
                        None
                    }
                }
                Some(Format::Csv(places)) => csv_row(line, text, *places),
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

    /// A file may end only where its format says so; asked again, it has ended.
    fn at_end(&mut self) -> Option<Result<Row, RowFault>> {
        let line = self.lines.number;
        match self.format.take() {
            Some(Format::Csv(_)) => {
                self.format = Some(Format::Dump(Dump::ended()));
                None
            }
            Some(Format::Dump(mut dump)) => {
                let fault = dump.end(line).err();
                self.format = Some(Format::Dump(Dump::ended()));
                fault.map(Err)
            }
            None => {
                self.format = Some(Format::Dump(Dump::ended()));
                Some(Err(RowFault::new(line.max(1), "", "the file is empty")))
            }
        }
    }
}

/// A CSV of prices begins with its header; everything else must be a dump.
fn begin(first: &str) -> Result<Format, RowFault> {
    let names: Vec<&str> = first
        .trim_start_matches('\u{feff}')
        .split(',')
        .map(str::trim)
        .collect();
    if !names.iter().any(|name| PRICE_COLUMNS.contains(name)) {
        return Ok(Format::Dump(Dump::default()));
    }
    let mut places = [0; 4];
    for (column, place) in PRICE_COLUMNS.iter().zip(&mut places) {
        let found = names.iter().position(|name| name == column);
        *place = found.ok_or_else(|| RowFault::new(1, column, "is missing in the header"))?;
    }
    if names.len() != 4 {
        return Err(RowFault::new(
            1,
            "",
            "the header must be orig_code,dest_code,day,price",
        ));
    }
    Ok(Format::Csv(places))
}

/// Codes, days and numbers need no quotes, but a spreadsheet may have put some.
fn csv_row(line: u64, text: &str, places: [usize; 4]) -> Option<Result<Row, RowFault>> {
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
        return Some(Err(RowFault::new(
            line,
            "",
            format!("has {count} fields instead of 4"),
        )));
    }
    Some(price(line, places.map(|place| fields[place])).map(Row::Price))
}

struct Lines<R> {
    reader: R,
    number: u64,
    hash: Sha256,
}

impl<R: BufRead> Lines<R> {
    /// The next line without its end.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let mut line = Vec::with_capacity(48);
        let read = self
            .reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        if read as u64 == LONGEST_LINE {
            let text = format!("line {} is longer than {LONGEST_LINE} bytes", self.number);
            return Err(Error::new(ErrorKind::InvalidData, text));
        }
        self.hash.update(&line);
        while matches!(line.last(), Some(b'\n' | b'\r')) {
            line.pop();
        }
        Ok(Some(line))
    }
}

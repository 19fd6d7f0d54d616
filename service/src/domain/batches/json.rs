//! Prices as JSON: an array of objects, or an object per line (NDJSON). Both are read one object at a time, so that memory is
//! bounded by the longest one.

use super::outcome::FileError;
use super::row::{PRICE_COLUMNS, Price, RowError, price};
use super::scanner::{MAX_LINE, Scanner};
use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;
use std::borrow::Cow;
use std::io::Read;

/// The object of a price. Values are parsed by the rules of all formats, which name the column.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    orig_code: Option<Value>,
    dest_code: Option<Value>,
    day: Option<Value>,
    price: Option<Value>,
}

const OBJECT: &str =
    "must be an object with the members orig_code, dest_code, day and price, each once, and no other";

/// Parses an object; `line` is reported in errors.
pub fn row(line: u64, bytes: &[u8]) -> Result<Price, RowError> {
    let record: Record = serde_json::from_slice(bytes).map_err(|error| {
        let reason = match error.classify() {
            Category::Data => OBJECT,
            Category::Io | Category::Syntax | Category::Eof => "is not valid JSON",
        };
        RowError::new(line, "", reason)
    })?;
    let values = [record.orig_code, record.dest_code, record.day, record.price];
    let mut texts = [const { Cow::Borrowed("") }; 4];
    for ((text, value), column) in texts.iter_mut().zip(&values).zip(PRICE_COLUMNS) {
        *text = match (value, column) {
            (None, _) => return Err(RowError::new(line, column, "is missing")),
            (Some(Value::Number(number)), "price") => Cow::Owned(number.to_string()),
            // A number in quotes is a text in JSON.
            (Some(_), "price") => return Err(RowError::new(line, column, "is not a number")),
            (Some(Value::String(text)), _) => Cow::Borrowed(text.as_str()),
            (Some(_), _) => return Err(RowError::new(line, column, "is not a string")),
        };
    }
    price(line, texts.each_ref().map(AsRef::as_ref))
}

/// Reads the elements of a JSON array.
pub struct Elements {
    count: u64,
    is_begun: bool,
    is_ended: bool,
    element: Vec<u8>,
}

impl Elements {
    /// At the start of the text.
    pub fn new() -> Self {
        Self {
            count: 0,
            is_begun: false,
            is_ended: false,
            element: Vec::new(),
        }
    }

    /// Number of elements that were read.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The next element, whose number from 1 counts as its line; `None` after the last one.
    pub fn next<R: Read>(
        &mut self,
        scanner: &mut Scanner<R>,
    ) -> Result<Option<Result<Price, RowError>>, FileError> {
        if !self.separator(scanner)? {
            return Ok(None);
        }
        self.count += 1;
        self.element.clear();
        let (mut depth, mut is_string, mut is_escaped) = (0_u32, false, false);
        loop {
            let byte = scanner
                .next_byte()?
                .ok_or_else(|| self.refused("ends before the array does"))?;
            self.element.push(byte);
            if self.element.len() >= MAX_LINE {
                return Err(self.refused("is longer than a price can be"));
            }
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_string => is_escaped = true,
                b'"' => is_string = !is_string,
                _ if is_string => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ if depth == 0 => return Err(self.refused(OBJECT)),
                _ => {}
            }
            if depth == 0 && !is_string {
                return Ok(Some(row(self.count, &self.element)));
            }
        }
    }

    /// Consumes what precedes an element; `false` at the end of the array.
    fn separator<R: Read>(&mut self, scanner: &mut Scanner<R>) -> Result<bool, FileError> {
        if self.is_ended {
            return Ok(false);
        }
        let first = self.next_token(scanner)?;
        let next = match (first, self.is_begun, self.count) {
            (Some(b'['), false, _) => {
                self.is_begun = true;
                self.peek_token(scanner)?
            }
            (_, false, _) => return Err(FileError::refused(1, "is not a JSON array of prices")),
            (Some(b','), true, 1..) => match self.peek_token(scanner)? {
                // JSON permits no comma after the last element.
                Some(b']') => return Err(self.refused("ends with a comma")),
                next => next,
            },
            (Some(b']'), true, _) => Some(b']'),
            (Some(_), true, _) => {
                return Err(self.refused("is not followed by a comma or the end of the array"));
            }
            (None, true, _) => return Err(self.refused("ends before the array does")),
        };
        if next != Some(b']') {
            return Ok(true);
        }
        if first != Some(b']') {
            self.next_token(scanner)?;
        }
        self.is_ended = true;
        if self.next_token(scanner)?.is_some() {
            return Err(self.refused("is followed by something else than the end of the array"));
        }
        Ok(false)
    }

    fn next_token<R: Read>(&self, scanner: &mut Scanner<R>) -> Result<Option<u8>, FileError> {
        let token = self.peek_token(scanner)?;
        if token.is_some() {
            scanner.next_byte()?;
        }
        Ok(token)
    }

    fn peek_token<R: Read>(&self, scanner: &mut Scanner<R>) -> Result<Option<u8>, FileError> {
        while let Some(byte) = scanner.peek()? {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(Some(byte));
            }
            scanner.next_byte()?;
        }
        Ok(None)
    }

    fn refused(&self, reason: &'static str) -> FileError {
        FileError::refused(self.count.max(1), reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"orig_code":"CNGGZ","dest_code":"EETLL","day":"2021-01-31","price":7}"#;

    fn elements(text: &str) -> Result<Vec<Result<i32, String>>, String> {
        let (mut scanner, mut elements) = (Scanner::new(text.as_bytes()), Elements::new());
        let mut found = Vec::new();
        loop {
            match elements.next(&mut scanner) {
                Ok(None) => return Ok(found),
                Ok(Some(Ok(price))) => found.push(Ok(price.price)),
                Ok(Some(Err(error))) => found.push(Err(error.to_string())),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// C1: Each invalid member of an object is named.
    #[test]
    fn an_invalid_object_names_its_member() {
        assert_eq!(row(1, GOOD.as_bytes()).unwrap().price, 7);
        let error = |from: &str, to: &str| row(3, GOOD.replace(from, to).as_bytes()).unwrap_err().to_string();
        assert_eq!(error(",\"price\":7", ""), "line 3, price: is missing");
        assert_eq!(error(":7", ":\"7\""), "line 3, price: is not a number");
        for number in ["-1", "7.5", "7e0", "2147483648", "1e400"] {
            let text = error(":7", &format!(":{number}"));
            assert!(text.starts_with("line 3"), "{number}: {text}");
        }
        assert_eq!(error("\"EETLL\"", "null"), "line 3, dest_code: is missing");
        assert_eq!(error("\"EETLL\"", "5"), "line 3, dest_code: is not a string");
        assert_eq!(
            error("2021-01-31", "2021-02-29"),
            "line 3, day: is not a day, such as 2021-01-31"
        );
        for other in ["{", "[]", "7", "{\"x\":1}", ""] {
            assert!(row(3, other.as_bytes()).is_err(), "{other}");
        }
        assert!(error("\"day\"", "\"price\":1,\"day\"").contains("each once"));
        assert!(!error("CNGGZ", "secret").contains("secret"));
    }

    /// C1: An array is read element by element, whatever white space it has.
    #[test]
    fn an_array_is_read_element_by_element() {
        assert_eq!(elements("[]"), Ok(vec![]));
        assert_eq!(
            elements(&format!(" [\r\n{GOOD} ,\t{GOOD}]\n")),
            Ok(vec![Ok(7), Ok(7)])
        );
        let braces = GOOD.replace("CNGGZ", "}]{\\\"");
        let found = elements(&format!("[{braces},{GOOD}]")).unwrap();
        assert!(found[0].as_ref().unwrap_err().contains("line 1, orig_code"));
        assert_eq!(found[1], Ok(7));
        for bad in [
            "",
            "{}",
            "[",
            "[7]",
            "[,]",
            &format!("[{GOOD}"),
            &format!("[{GOOD},]"),
            &format!("[{GOOD} {GOOD}]"),
            &format!("[{GOOD}]]"),
            &format!("[{GOOD}][{GOOD}]"),
            &format!("[{}]", "{".repeat(70_000)),
        ] {
            assert!(elements(bad).is_err(), "{:.90}", bad);
        }
    }
}

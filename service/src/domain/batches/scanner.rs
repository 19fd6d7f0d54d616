//! Reads a file by lines or by bytes, counts its lines and hashes all that it reads. Memory is bounded by the longest
//! line.

use memchr::memchr;
use sha2::{Digest, Sha256};
use std::io::{Error, ErrorKind, Read};

/// Maximum length of a line in bytes, where the file is read by lines.
pub const MAX_LINE: usize = 65_536;

/// A file that is read once, from start to end.
pub struct Scanner<R> {
    reader: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    newlines: u64,
    is_line_start: bool,
    hash: Sha256,
}

impl<R: Read> Scanner<R> {
    /// Reads from this reader.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: vec![0; 2 * MAX_LINE].into_boxed_slice(),
            start: 0,
            end: 0,
            newlines: 0,
            is_line_start: true,
            hash: Sha256::new(),
        }
    }

    /// The line number of the next byte, from 1.
    pub fn line(&self) -> u64 {
        self.newlines + 1
    }

    /// The line number of the last byte, from 1.
    pub fn last_line(&self) -> u64 {
        let ended = u64::from(self.is_line_start && self.newlines > 0);
        self.line() - ended
    }

    /// Whether the next byte is the first of its line.
    pub fn is_line_start(&self) -> bool {
        self.is_line_start
    }

    /// SHA-256 of everything read, which at the end of the file is its digest.
    pub fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// The first bytes of the file, as many as the longest line may have.
    pub fn first_bytes(&mut self) -> Result<&[u8], Error> {
        self.unread(MAX_LINE)
    }

    /// Whether the next line is this one.
    pub fn starts_with_line(&mut self, line: &[u8]) -> Result<bool, Error> {
        let unread = self.unread(line.len() + 2)?;
        let after = unread.strip_prefix(line);
        Ok(after
            .is_some_and(|after| after.is_empty() || after.starts_with(b"\n") || after.starts_with(b"\r\n")))
    }

    /// The unread bytes, at least this many unless the file ends before.
    fn unread(&mut self, bytes: usize) -> Result<&[u8], Error> {
        while self.end - self.start < bytes && self.fill()? {}
        Ok(&self.buffer[self.start..self.end])
    }

    /// Skips bytes that [`Self::first_bytes`] returned and that contain no line end.
    pub fn skip(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }

    /// The next byte, which is not consumed.
    pub fn peek(&mut self) -> Result<Option<u8>, Error> {
        if self.start == self.end && !self.fill()? {
            return Ok(None);
        }
        Ok(self.buffer.get(self.start).copied())
    }

    /// Consumes the next byte.
    pub fn next_byte(&mut self) -> Result<Option<u8>, Error> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.start += 1;
            self.is_line_start = byte == b'\n';
            self.newlines += u64::from(self.is_line_start);
        }
        Ok(byte)
    }

    /// Consumes a line; returns its number and its bytes without LF or CR LF, and whether it ended in CR LF.
    pub fn next_line(&mut self) -> Result<Option<Line<'_>>, Error> {
        let number = self.line();
        let mut searched = 0;
        let length = loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(position) = memchr(b'\n', &unread[searched..]) {
                break searched + position + 1;
            }
            searched = unread.len();
            if searched >= MAX_LINE || !self.fill()? {
                break searched;
            }
        };
        if length >= MAX_LINE {
            let text = format!("line {number} is longer than {MAX_LINE} bytes");
            return Err(Error::new(ErrorKind::InvalidData, text));
        }
        let whole = &self.buffer[self.start..self.start + length];
        self.start += length;
        let Some((last, rest)) = whole.split_last() else {
            return Ok(None);
        };
        self.is_line_start = *last == b'\n';
        let bytes = if self.is_line_start {
            self.newlines += 1;
            rest
        } else {
            whole
        };
        let (bytes, has_cr) = match bytes.split_last() {
            Some((b'\r', rest)) => (rest, true),
            _ => (bytes, false),
        };
        Ok(Some(Line {
            number,
            bytes,
            has_cr,
        }))
    }

    /// Reads more bytes after the unread ones; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, Error> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    self.hash.update(&self.buffer[self.end..self.end + read]);
                    self.end += read;
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes without the line end.
    pub bytes: &'a [u8],
    /// Whether CR precedes the line end.
    pub has_cr: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns one byte at a time, like a slow pipe.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
            self.0.read(&mut into[..1])
        }
    }

    #[test]
    fn lines_and_bytes_are_the_same_whatever_the_reader_returns() {
        let text = b"ab\r\n\ncd\re\n\xff";
        let mut scanner = Scanner::new(Slow(text));
        let mut lines = Vec::new();
        while let Some(line) = scanner.next_line().unwrap() {
            lines.push((line.number, line.bytes.to_vec(), line.has_cr));
        }
        let expected = [
            (1, b"ab".to_vec(), true),
            (2, Vec::new(), false),
            (3, b"cd\re".to_vec(), false),
            (4, b"\xff".to_vec(), false),
        ];
        assert_eq!(lines, expected);
        assert_eq!(scanner.digest(), <[u8; 32]>::from(Sha256::digest(text)));
        let mut bytes = Scanner::new(Slow(text));
        while bytes.next_byte().unwrap().is_some() {}
        assert_eq!((bytes.line(), bytes.digest()), (4, scanner.digest()));
    }

    #[test]
    fn a_line_may_have_one_byte_less_than_the_maximum() {
        let text = |length: usize| [vec![b'x'; length], b"\ny".to_vec()].concat();
        let long = text(MAX_LINE - 2);
        let mut scanner = Scanner::new(&long[..]);
        assert_eq!(scanner.next_line().unwrap().unwrap().bytes.len(), MAX_LINE - 2);
        assert_eq!(scanner.next_line().unwrap().unwrap().number, 2);
        let longer = text(MAX_LINE - 1);
        assert!(Scanner::new(&longer[..]).next_line().is_err());
        assert!(Scanner::new(std::io::repeat(b'x')).next_line().is_err());
    }
}

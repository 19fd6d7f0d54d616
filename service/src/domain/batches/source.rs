//! Opens a file to import: a path or `-` for standard input, compressed with gzip or not. What can be read only once,
//! such as a pipe, is copied to a temporary file, because an import reads its file twice.

use super::outcome::FileError;
use super::rows::Rows;
use super::signature::Signature;
use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Error, ErrorKind, Read, Seek};
use std::path::Path;

/// Bytes that a compressed file may always expand to.
const MAX_EXPANSION_BYTES: u64 = 1 << 30;

/// How many times its size a larger compressed file may expand to. Prices compress about tenfold, and deflate cannot
/// exceed 1032.
const MAX_EXPANSION: u64 = 100;

/// What is imported. It can be read any number of times.
pub trait Content {
    /// The rows from the start, decompressed.
    fn rows(&mut self) -> Result<Rows<Box<dyn Read + '_>>, FileError>;
}

/// A file that can be read any number of times.
#[derive(Debug)]
pub struct Source(File);

impl Source {
    /// Opens a file, or standard input for `-`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.as_os_str() == "-" {
            return spool(&mut io::stdin().lock());
        }
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            let text = "is a directory; of pg_dump's formats only plain is imported";
            return Err(Error::new(ErrorKind::IsADirectory, text));
        }
        if metadata.is_file() {
            return Ok(Self(file));
        }
        spool(&mut file)
    }

    /// Reads the file from its start, decompressed.
    fn reader(&mut self) -> Result<Box<dyn Read + '_>, Error> {
        let mut first = Vec::new();
        self.0.rewind()?;
        (&self.0).take(8).read_to_end(&mut first)?;
        self.0.rewind()?;
        if Signature::of(&first) != Some(Signature::Gzip) {
            return Ok(Box::new(&self.0));
        }
        let size = self.0.metadata()?.len();
        let limit = size.saturating_mul(MAX_EXPANSION).max(MAX_EXPANSION_BYTES);
        Ok(Box::new(Gunzip::new(
            BufReader::with_capacity(1 << 16, &self.0),
            limit,
        )))
    }
}

impl Content for Source {
    fn rows(&mut self) -> Result<Rows<Box<dyn Read + '_>>, FileError> {
        Ok(Rows::new(self.reader()?))
    }
}

fn spool(from: &mut dyn Read) -> Result<Source, Error> {
    let mut file = tempfile::tempfile()?;
    io::copy(from, &mut file)?;
    Ok(Source(file))
}

/// Decompresses the members of a gzip file up to a number of bytes. `MultiGzDecoder` takes everything after a member for
/// another one, also the zeros that fill a block of a tape or an object store.
pub struct Gunzip<R> {
    /// `None` after the last one.
    member: Option<GzDecoder<R>>,
    left: u64,
}

impl<R: io::BufRead> Gunzip<R> {
    /// Decompresses up to this many bytes.
    pub fn new(reader: R, limit: u64) -> Self {
        Self {
            member: Some(GzDecoder::new(reader)),
            left: limit,
        }
    }

    /// The member after one that has ended.
    fn next_member(mut rest: R) -> Result<Option<GzDecoder<R>>, Error> {
        loop {
            let unread = rest.fill_buf()?;
            let zeros = unread.iter().take_while(|byte| **byte == 0).count();
            match unread.get(zeros) {
                Some(0x1f) => break,
                Some(_) => {
                    let text = "after the gzip data follows something else";
                    return Err(Error::new(ErrorKind::InvalidData, text));
                }
                None if zeros == 0 => return Ok(None),
                None => rest.consume(zeros),
            }
        }
        let zeros = rest.fill_buf()?.iter().take_while(|byte| **byte == 0).count();
        rest.consume(zeros);
        Ok(Some(GzDecoder::new(rest)))
    }
}

impl<R: io::BufRead> Read for Gunzip<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        while let Some(mut member) = self.member.take() {
            let read = member.read(into).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => Error::new(
                    ErrorKind::InvalidData,
                    "the gzip data ends early: it is truncated",
                ),
                _ => error,
            })?;
            if read == 0 && !into.is_empty() {
                self.member = Self::next_member(member.into_inner())?;
                continue;
            }
            self.member = Some(member);
            self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
                let text = format!("the gzip data expands to more than {MAX_EXPANSION} times its size");
                Error::new(ErrorKind::InvalidData, text)
            })?;
            return Ok(read);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    #[test]
    fn decompression_is_bounded_and_reports_truncation() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[b'x'; 100_000]).unwrap();
        let packed = encoder.finish().unwrap();
        let read = |packed: &[u8], left| {
            let mut text = Vec::new();
            Gunzip::new(packed, left)
                .read_to_end(&mut text)
                .map_err(|error| error.to_string())
        };
        assert_eq!(read(&packed, 100_000), Ok(100_000));
        assert_eq!(read(&[&packed[..], &packed].concat(), 200_000), Ok(200_000));
        assert_eq!(read(&[&packed[..], &[0; 500]].concat(), 100_000), Ok(100_000));
        let zeros_between = [&packed[..], &[0; 5], &packed].concat();
        assert_eq!(read(&zeros_between, 200_000), Ok(200_000));
        for after in [&b"x"[..], b"\0\0PGDMP", b"\n"] {
            let error = read(&[&packed[..], after].concat(), 100_000).unwrap_err();
            assert!(error.contains("something else"), "{error}");
        }
        assert!(read(&packed, 99_999).unwrap_err().contains("expands"));
        assert!(
            read(&packed[..packed.len() / 2], 100_000)
                .unwrap_err()
                .contains("truncated")
        );
    }
}

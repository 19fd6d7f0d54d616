//! The content of a body: its parts in order, decoded. Reading fails as soon as the job is to end.

use super::progress::Progress;
use crate::domain::batches::source::Gunzip;
use crate::types::upload::BodyCoding;
use std::io::{BufReader, Error, ErrorKind, Read};
use zstd::stream::read::Decoder;

/// Bytes that a body may decode to. Prices compress about tenfold, so this is more than the largest permitted body needs.
pub const MAX_DECODED_BYTES: u64 = 1 << 30;

/// Largest window of a Zstandard frame, as a power of two: 8 MiB, which RFC 8878 §3.1.1.1.2 recommends to support.
const MAX_ZSTD_WINDOW: u32 = 23;

/// Decodes a body.
pub fn decode<'a>(
    coding: BodyCoding,
    parts: impl Read + 'a,
    progress: &'a Progress,
) -> Result<Box<dyn Read + 'a>, Error> {
    let parts = Stoppable { parts, progress };
    Ok(match coding {
        BodyCoding::Identity => Box::new(parts),
        BodyCoding::Gzip => Box::new(Gunzip::new(BufReader::new(parts), MAX_DECODED_BYTES)),
        BodyCoding::Zstd => {
            let mut decoder = Decoder::new(parts)?;
            decoder.window_log_max(MAX_ZSTD_WINDOW)?;
            Box::new(Unzstd {
                decoder,
                left: MAX_DECODED_BYTES,
            })
        }
    })
}

/// Parts that are read until the job is to end.
struct Stoppable<'a, R> {
    parts: R,
    progress: &'a Progress,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        if self.progress.stop_reason().is_some() {
            return Err(Error::new(ErrorKind::ConnectionAborted, "the job is to end"));
        }
        self.parts.read(into)
    }
}

/// Decompresses Zstandard up to a number of bytes.
struct Unzstd<R> {
    decoder: Decoder<'static, BufReader<R>>,
    left: u64,
}

impl<R: Read> Read for Unzstd<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let read = self.decoder.read(into).map_err(|error| match error.kind() {
            // The decoder's own errors have no other kind.
            ErrorKind::Other => Error::new(
                ErrorKind::InvalidData,
                format!("the zstd data is invalid: {error}"),
            ),
            ErrorKind::UnexpectedEof => Error::new(
                ErrorKind::InvalidData,
                "the zstd data ends early: it is truncated",
            ),
            _ => error,
        })?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let text = format!("the zstd data expands to more than {MAX_DECODED_BYTES} bytes");
            Error::new(ErrorKind::InvalidData, text)
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8], left: u64) -> Result<usize, (ErrorKind, String)> {
        let mut decoder = Unzstd {
            decoder: Decoder::new(body).unwrap(),
            left,
        };
        let mut text = Vec::new();
        decoder
            .read_to_end(&mut text)
            .map_err(|error| (error.kind(), error.to_string()))
    }

    /// C2: A body that decodes to more than its limit is rejected, and so is one that is damaged.
    #[test]
    fn decompression_is_bounded() {
        let packed = zstd::encode_all(&[b'x'; 100_000][..], 3).unwrap();
        assert_eq!(read(&packed, 100_000), Ok(100_000));
        let (kind, text) = read(&packed, 99_999).unwrap_err();
        assert_eq!(kind, ErrorKind::InvalidData);
        assert!(text.contains("expands"), "{text}");
        let (kind, text) = read(&packed[..packed.len() - 3], 100_000).unwrap_err();
        assert_eq!(kind, ErrorKind::InvalidData, "{text}");
        assert!(text.contains("truncated"), "{text}");
        assert_eq!(
            read(b"orig_code,dest_code", 100).unwrap_err().0,
            ErrorKind::InvalidData
        );
    }

    /// C4: Reading ends as soon as the job is to end.
    #[test]
    fn reading_stops_with_the_job() {
        let progress = Progress::default();
        let mut decoded = decode(BodyCoding::Identity, &b"abc"[..], &progress).unwrap();
        let mut byte = [0];
        assert_eq!(decoded.read(&mut byte).unwrap(), 1);
        progress.stop(crate::domain::uploads::progress::StopReason::Cancelled);
        assert!(decoded.read(&mut byte).is_err());
    }
}

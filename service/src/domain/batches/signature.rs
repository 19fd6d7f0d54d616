//! Recognizes files by their first bytes, so that an unreadable one is refused by name.

/// A format that is recognized by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// gzip (RFC 1952).
    Gzip,
    /// UTF-8 with a byte order mark.
    Utf8Mark,
    /// Any other format, with its description and what to do instead.
    Other(&'static str),
}

const UTF_16: &str = "is not UTF-8 but UTF-16: convert it, for example with iconv";
const CUSTOM: &str = "is a dump in pg_dump's custom format: convert it with pg_restore -f FILE.sql, or dump with --format=plain";
const TAR: &str = "is a tar archive: unpack it, or convert pg_dump's tar format with pg_restore -f FILE.sql";

/// Signatures at the start of a file. Longer ones precede their prefixes.
const SIGNATURES: [(&[u8], Signature); 22] = [
    (b"\x1f\x8b", Signature::Gzip),
    (b"\xef\xbb\xbf", Signature::Utf8Mark),
    (
        b"\xff\xfe\0\0",
        Signature::Other("is not UTF-8 but UTF-32: convert it"),
    ),
    (
        b"\0\0\xfe\xff",
        Signature::Other("is not UTF-8 but UTF-32: convert it"),
    ),
    (b"\xff\xfe", Signature::Other(UTF_16)),
    (b"\xfe\xff", Signature::Other(UTF_16)),
    (b"PGDMP", Signature::Other(CUSTOM)),
    (
        b"PGCOPY\n\xff\r\n\0",
        Signature::Other("is COPY's binary format: use COPY's text or CSV format"),
    ),
    (
        b"PK\x03\x04",
        Signature::Other("is a ZIP archive or a workbook: unpack it, or save it as CSV"),
    ),
    (b"PK\x05\x06", Signature::Other("is an empty ZIP archive")),
    (
        b"\x28\xb5\x2f\xfd",
        Signature::Other("is compressed with zstd: decompress it, for example with zstdcat"),
    ),
    (
        b"\xfd7zXZ\0",
        Signature::Other("is compressed with xz: decompress it, for example with xzcat"),
    ),
    (
        b"BZh",
        Signature::Other("is compressed with bzip2: decompress it, for example with bzcat"),
    ),
    (
        b"\x04\x22\x4d\x18",
        Signature::Other("is compressed with lz4: decompress it, for example with lz4cat"),
    ),
    (
        b"\x1f\x9d",
        Signature::Other("is compressed with compress: decompress it, for example with zcat"),
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        Signature::Other("is a 7z archive: unpack it"),
    ),
    (b"Rar!", Signature::Other("is a RAR archive: unpack it")),
    (
        b"\xd0\xcf\x11\xe0",
        Signature::Other("is a workbook or another Office document: save it as CSV"),
    ),
    (b"SQLite format 3\0", Signature::Other("is an SQLite database")),
    (b"PAR1", Signature::Other("is a Parquet file: convert it to CSV")),
    (b"%PDF-", Signature::Other("is a PDF document")),
    (b"\x7fELF", Signature::Other("is a program")),
];

/// The position of the signature of POSIX tar.
const TAR_POSITION: usize = 257;

/// How many bytes must be text.
const TEXT_SAMPLE: usize = 512;

impl Signature {
    /// Recognizes a file by its first bytes, of which some hundreds are enough; `None` for text without a mark.
    pub fn of(first: &[u8]) -> Option<Self> {
        let starts = SIGNATURES.iter().find(|(bytes, _)| first.starts_with(bytes));
        if let Some((_, found)) = starts {
            return Some(*found);
        }
        if first
            .get(TAR_POSITION..)
            .is_some_and(|rest| rest.starts_with(b"ustar"))
        {
            return Some(Self::Other(TAR));
        }
        match first {
            [0, 1..=0x7f, 0, ..] | [1..=0x7f, 0, 1..=0x7f, ..] => Some(Self::Other(UTF_16)),
            _ if first.iter().take(TEXT_SAMPLE).any(|byte| *byte == 0) => {
                Some(Self::Other("contains NUL bytes: it is not a text file"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_no_signature() {
        for text in [
            "",
            "-",
            "--\n-- PostgreSQL",
            "orig_code,dest_code",
            "\r\n",
            "\u{e5}",
        ] {
            assert_eq!(Signature::of(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(Signature::of("\u{feff}a".as_bytes()), Some(Signature::Utf8Mark));
    }

    #[test]
    fn utf_16_is_recognized_without_a_byte_order_mark() {
        for bytes in [&b"-\0-\0"[..], b"\0-\0-", b"\xff\xfe-\0"] {
            assert_eq!(Signature::of(bytes), Some(Signature::Other(UTF_16)));
        }
    }
}

//! The encoding that a dump declares by `client_encoding`: UTF-8 and the single-byte encodings for which PostgreSQL's
//! tables and those of `encoding_rs` agree. Others are refused by name: their tables differ in some characters.

use encoding_rs::{self as standard, Encoding};
use std::borrow::Cow;

/// An encoding of a dump's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientEncoding {
    /// UTF-8; also `SQL_ASCII`, of which PostgreSQL converts nothing.
    #[default]
    Utf8,
    /// ISO 8859-1, which `encoding_rs` has no label for: the Web means windows-1252 by it.
    Latin1,
    /// Another single-byte encoding.
    SingleByte(&'static Encoding),
    /// ISO 8859-9, as windows-1254 without the bytes from 0x80 to 0x9F.
    Latin5,
}

impl ClientEncoding {
    /// Finds an encoding by one of PostgreSQL's names, which ignore case and punctuation.
    pub fn find(name: &str) -> Option<Self> {
        let name: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|character| character.to_ascii_lowercase())
            .collect();
        let encoding = match name.as_str() {
            "utf8" | "unicode" | "sqlascii" => return Some(Self::Utf8),
            "latin1" | "iso88591" => return Some(Self::Latin1),
            "latin5" | "iso88599" => return Some(Self::Latin5),
            "latin2" | "iso88592" => standard::ISO_8859_2,
            "latin3" | "iso88593" => standard::ISO_8859_3,
            "latin4" | "iso88594" => standard::ISO_8859_4,
            "latin6" | "iso885910" => standard::ISO_8859_10,
            "latin7" | "iso885913" => standard::ISO_8859_13,
            "latin8" | "iso885914" => standard::ISO_8859_14,
            "latin9" | "iso885915" => standard::ISO_8859_15,
            "latin10" | "iso885916" => standard::ISO_8859_16,
            "iso88595" => standard::ISO_8859_5,
            "iso88596" => standard::ISO_8859_6,
            "iso88597" => standard::ISO_8859_7,
            "iso88598" => standard::ISO_8859_8,
            "koi8r" | "koi8" => standard::KOI8_R,
            "win866" | "windows866" | "alt" => standard::IBM866,
            "win874" | "windows874" => standard::WINDOWS_874,
            "win1250" | "windows1250" => standard::WINDOWS_1250,
            "win1251" | "windows1251" | "win" => standard::WINDOWS_1251,
            "win1252" | "windows1252" => standard::WINDOWS_1252,
            "win1253" | "windows1253" => standard::WINDOWS_1253,
            "win1254" | "windows1254" => standard::WINDOWS_1254,
            "win1256" | "windows1256" => standard::WINDOWS_1256,
            "win1257" | "windows1257" => standard::WINDOWS_1257,
            "win1258" | "windows1258" => standard::WINDOWS_1258,
            _ => return None,
        };
        Some(Self::SingleByte(encoding))
    }

    /// Decodes a text; `None` if it is invalid.
    pub fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Latin1 => Some(standard::mem::decode_latin1(bytes)),
            Self::SingleByte(encoding) => encoding.decode_without_bom_handling_and_without_replacement(bytes),
            Self::Latin5 if bytes.iter().any(|byte| (0x80..0xa0).contains(byte)) => None,
            Self::Latin5 => standard::WINDOWS_1254.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }

    /// Why a text is refused that cannot be decoded.
    pub fn error(self) -> &'static str {
        if self == Self::Utf8 {
            "is not UTF-8"
        } else {
            "is not text of the declared client_encoding"
        }
    }
}

//! Uploads of batches: ids, states, formats and keys.

use super::number_id::number_id;

number_id! {
    /// Id of a batch. An upload and the batch that it becomes have the same.
    BatchId
}

/// Declares an enum whose values have names in the API and in the database.
macro_rules! named {
    ($(#[doc = $doc:literal])+ $type:ident { $($(#[doc = $about:literal])+ $value:ident = $name:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[doc = $about])+ $value,)+
        }

        impl $type {
            /// All values.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// Name in the API and in the database.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                }
            }

            /// Parses a name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }
    };
}

named! {
    /// State of an upload.
    UploadState {
        /// The body is being received.
        Receiving = "receiving",
        /// Waits for a replica to check and store it.
        Queued = "queued",
        /// A replica is checking or storing it.
        Running = "running",
        /// It is stored.
        Committed = "committed",
        /// A dry run found no invalid row.
        Checked = "checked",
        /// Nothing was stored.
        Failed = "failed",
        /// It was cancelled, and nothing was stored.
        Cancelled = "cancelled",
    }
}

named! {
    /// Format of a batch's prices.
    BatchFormat {
        /// CSV (RFC 4180) with a header.
        Csv = "csv",
        /// A JSON object per line.
        JsonLines = "ndjson",
        /// A JSON array of objects.
        Json = "json",
    }
}

named! {
    /// Content coding of an uploaded body (RFC 9110 §8.4).
    BodyCoding {
        /// None.
        Identity = "identity",
        /// gzip (RFC 1952).
        Gzip = "gzip",
        /// Zstandard (RFC 8878).
        Zstd = "zstd",
    }
}

impl BodyCoding {
    /// The coding of an element of `Content-Encoding`; `None` for one that changes nothing.
    pub fn of_header(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("x-gzip") {
            return Some(Self::Gzip);
        }
        Self::parse(&name.to_ascii_lowercase()).filter(|coding| *coding != Self::Identity)
    }
}

impl UploadState {
    /// Whether nothing changes it any more.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Receiving | Self::Queued | Self::Running)
    }
}

/// The value of `Idempotency-Key`, chosen by the client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 255;

    /// Parses a string of structured fields (RFC 9651 §3.3.3), or the same without the quotes, as many clients send it. Escapes are
    /// not permitted, so that a key has one form.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t']);
        let key = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .unwrap_or(text);
        let is_permitted = |b: u8| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\' && b != b',';
        let fits = (1..=Self::MAX_LENGTH).contains(&key.len());
        (fits && key.bytes().all(is_permitted)).then(|| Self(key.to_owned()))
    }

    /// The key without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C3: A key has one value, with or without the quotes of structured fields.
    #[test]
    fn a_key_is_a_string_of_structured_fields_or_a_bare_text() {
        let parse = |text| IdempotencyKey::parse(text).map(|key| key.as_str().to_owned());
        assert_eq!(parse("\"8e03978e-40d5\""), Some("8e03978e-40d5".to_owned()));
        assert_eq!(parse("8e03978e-40d5"), Some("8e03978e-40d5".to_owned()));
        let long = "x".repeat(256);
        for bad in [
            "", "\"\"", "\"a", "a\"b", "a\\b", "a\u{f6}", "a\tb", "a, b", &long,
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_name_parses() {
        for state in UploadState::ALL {
            assert_eq!(UploadState::parse(state.as_str()), Some(*state));
        }
        assert_eq!(UploadState::parse("Queued"), None);
        assert!(UploadState::Failed.is_final() && !UploadState::Running.is_final());
    }
}

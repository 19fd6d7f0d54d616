//! The size of a row on a page: lists are limited by bytes too, because texts are long.

/// Maximum size in bytes of the rows on a page, except that a page has at least one row.
pub const MAX_PAGE_BYTES: usize = 256 * 1024;

/// Bytes of a row besides its texts: member names, numbers, times, a hash.
const BASE_BYTES: usize = 320;

/// A row on a page.
pub trait PageRow {
    /// The size of its texts as JSON, as sums of [`json_bytes`].
    fn text_bytes(&self) -> usize;

    /// An upper bound of its size as JSON.
    fn page_bytes(&self) -> usize {
        BASE_BYTES + self.text_bytes()
    }
}

/// The size of a text as a JSON string, without the quotes.
#[must_use]
pub fn json_bytes(text: &str) -> usize {
    let size = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::json_bytes;

    #[test]
    fn the_size_is_that_of_the_serialised_text() {
        for text in [
            "",
            "plain",
            "\"quoted\" \\ \n\r\t",
            "\u{1}\u{1f}",
            "\u{f6}\u{1f600}",
        ] {
            let serialised = serde_json::to_string(text).unwrap();
            assert_eq!(json_bytes(text) + 2, serialised.len(), "{serialised}");
        }
    }
}

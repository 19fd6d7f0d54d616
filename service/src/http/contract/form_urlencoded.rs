//! The one decoder of `application/x-www-form-urlencoded` (WHATWG URL), for bodies and queries. Strict, unlike the crate
//! `form_urlencoded`: invalid UTF-8 and a `%` without two hexadecimal digits are rejected instead of replaced.

/// The names and values of a form in their order; `None` if it is malformed.
pub fn pairs(body: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(body).ok()?;
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Decodes one name or value: `+` is a space, `%` precedes the two digits of a byte. `None` if it is malformed.
pub fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let digits = |part: &str| {
        part.as_bytes()
            .get(..2)
            .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    if !spaced.split('%').skip(1).all(digits) {
        return None;
    }
    let bytes = percent_encoding::percent_decode_str(&spaced);
    bytes.decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn names_and_values_are_decoded_in_order() {
        let read = pairs(b"token=a%2Bb+c&empty=&bare&&last=%C3%BC&note=a%0D%0Ab").unwrap();
        let expected = [
            ("token", "a+b c"),
            ("empty", ""),
            ("bare", ""),
            ("last", "\u{fc}"),
            ("note", "a\r\nb"),
        ];
        assert_eq!(
            read,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn empty_pairs_are_skipped() {
        assert_eq!(pairs(b"&&&").map(|pairs| pairs.len()), Some(0));
    }

    #[test]
    fn malformed_escapes_and_bytes_are_rejected() {
        for bad in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "%ff=a", "a=%C3"] {
            assert_eq!(pairs(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(pairs(b"a=\xff"), None);
    }
}

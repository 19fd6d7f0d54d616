//! The text of a form (WHATWG URL, application/x-www-form-urlencoded), read strictly: what is no UTF-8, and a `%` that

//! begins no byte, is refused instead of being guessed at.

/// Names and values in their order.
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

/// `+` is a space, `%` begins a byte in two digits.
fn decode(text: &str) -> Option<String> {
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
    fn a_form_is_read_as_forms_are_written() {
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
    fn empty_pairs_are_none() {
        assert_eq!(pairs(b"&&&").map(|pairs| pairs.len()), Some(0));
    }

    #[test]
    fn what_no_browser_writes_is_refused() {
        for bad in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "%ff=a", "a=%C3"] {
            assert_eq!(pairs(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(pairs(b"a=\xff"), None);
    }
}

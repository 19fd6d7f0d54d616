//! Backslash escapes, as PostgreSQL decodes them in COPY's text format and in string constants (`E'…'`).

/// Where the escapes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// A field of COPY's text format.
    Copy,
    /// A string constant.
    Constant,
}

/// Decodes all escapes; `None` if PostgreSQL would reject the text, or for surrogates, which it combines.
pub fn unescape(text: &str, syntax: Syntax) -> Option<String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            plain.push(*byte);
            continue;
        }
        let (escape, after) = rest.split_first()?;
        rest = after;
        match (escape, syntax) {
            (b'b', _) => plain.push(8),
            (b'f', _) => plain.push(12),
            (b'n', _) => plain.push(b'\n'),
            (b'r', _) => plain.push(b'\r'),
            (b't', _) => plain.push(b'\t'),
            (b'v', Syntax::Copy) => plain.push(11),
            // The end-of-data marker is no part of data.
            (b'.', Syntax::Copy) => return None,
            (b'0'..=b'7', _) => {
                let digits = 1 + count(rest, 2, |b| matches!(b, b'0'..=b'7'));
                let all = [&[*escape][..], &rest[..digits - 1]].concat();
                // Three octal digits may exceed a byte; PostgreSQL drops the highest bit.
                plain.push((value(&all, 8)? & 0xff) as u8);
                rest = &rest[digits - 1..];
            }
            (b'x', _) => match count(rest, 2, u8::is_ascii_hexdigit) {
                0 => plain.push(b'x'),
                digits => {
                    plain.push(u8::try_from(value(&rest[..digits], 16)?).ok()?);
                    rest = &rest[digits..];
                }
            },
            (b'u' | b'U', Syntax::Constant) => {
                let digits = if *escape == b'u' { 4 } else { 8 };
                let character = char::from_u32(value(rest.get(..digits)?, 16)?)?;
                plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[digits..];
            }
            (other, _) => plain.push(*other),
        }
    }
    String::from_utf8(plain).ok()
}

/// How many of the first `most` bytes are digits.
fn count(bytes: &[u8], most: usize, is_digit: impl Fn(&u8) -> bool) -> usize {
    bytes.iter().take(most).take_while(|byte| is_digit(byte)).count()
}

fn value(digits: &[u8], radix: u32) -> Option<u32> {
    let is_valid = digits.iter().all(u8::is_ascii_hexdigit);
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix)
        .ok()
        .filter(|_| is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_as_in_postgresql() {
        let copy = |text| unescape(text, Syntax::Copy);
        let constant = |text| unescape(text, Syntax::Constant);
        for (text, expected) in [
            (r"\x41\101", "AA"),
            (r"\x4", "\u{4}"),
            (r"\x4142", "A42"),
            (r"\xg", "xg"),
            (r"\1012", "A2"),
            (r"\501", "A"),
            (r"\303\251", "é"),
            (r"a\\b\q", r"a\bq"),
            ("\\\u{e9}", "\u{e9}"),
        ] {
            assert_eq!(copy(text).as_deref(), Some(expected), "{text}");
            assert_eq!(constant(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(
            (copy(r"\v").as_deref(), constant(r"\v").as_deref()),
            (Some("\u{b}"), Some("v"))
        );
        assert_eq!(
            (copy(r"\u0041"), constant(r"\u0041")),
            (Some("u0041".into()), Some("A".into()))
        );
        assert_eq!((copy(r"a\."), constant(r"a\.")), (None, Some("a.".into())));
        for bad in [r"\", r"\351", r"\xe9"] {
            assert_eq!((copy(bad), constant(bad)), (None, None), "{bad}");
        }
        for bad in [r"\u12", r"\ud83d\ude00", r"\U00110000", r"\u+123"] {
            assert_eq!(constant(bad), None, "{bad}");
        }
    }
}

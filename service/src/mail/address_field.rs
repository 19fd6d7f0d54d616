//! Header fields that name a person: `From` and `To` (RFC 5322 §3.4). The mail library leaves a dot in a one-word name
//! unquoted (`obs-phrase`, which must not be generated), and appends the address to the line of an encoded word, beyond the
//! 76 characters of RFC 2047 §2.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::Mailbox;
use lettre::message::header::{HeaderName, HeaderValue};

/// Maximum length of a line with an encoded word (RFC 2047 §2).
const MAX_LINE: usize = 76;

/// Bytes per encoded word: with the longest field name, the line stays below [`MAX_LINE`].
const WORD_BYTES: usize = 42;

/// The field of this name.
pub fn address_field(field: &'static str, mailbox: &Mailbox) -> HeaderValue {
    let (name, raw) = (HeaderName::new_from_ascii_str(field), mailbox.to_string());
    HeaderValue::dangerous_new_pre_encoded(name, raw, encode(field, mailbox))
}

fn encode(field: &str, mailbox: &Mailbox) -> String {
    let name = mailbox
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    name.map_or_else(
        || mailbox.email.to_string(),
        |name| {
            let phrase = phrase(name);
            let last_line = phrase.rsplit("\r\n").next().unwrap_or_default();
            let address = format!("<{}>", mailbox.email);
            let fits = field.len() + 2 + last_line.len() + 1 + address.len() <= MAX_LINE;
            let separator = if fits { " " } else { "\r\n " };
            format!("{phrase}{separator}{address}")
        },
    )
}

/// A name as an atom, a quoted string, or encoded words.
fn phrase(name: &str) -> String {
    if name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    {
        return name.to_owned();
    }
    // What looks like an encoded word is encoded itself: some mail programs decode it within quotation marks, to a text that no rule
    // for names has seen.
    if name.bytes().all(|b| b.is_ascii_graphic() || b == b' ') && !name.contains("=?") {
        return format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let mut words = vec![String::new()];
    for c in name.chars() {
        if words
            .last()
            .is_some_and(|word| word.len() + c.len_utf8() > WORD_BYTES)
        {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word)))
        .collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(name: &str, address: &str) -> String {
        let mailbox = Mailbox::new(Some(name.to_owned()), address.parse().unwrap());
        encode("To", &mailbox)
    }

    #[test]
    fn names_are_atoms_or_quoted() {
        for (name, expected) in [
            ("Ann", "Ann <a@b.example>"),
            (".", "\".\" <a@b.example>"),
            ("-.", "\"-.\" <a@b.example>"),
            ("J.R.", "\"J.R.\" <a@b.example>"),
            ("Ann Smith", "\"Ann Smith\" <a@b.example>"),
            ("O'Neill, \"Sons\"", "\"O'Neill, \\\"Sons\\\"\" <a@b.example>"),
            ("a\\b", "\"a\\\\b\" <a@b.example>"),
            ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@b.example>"),
        ] {
            assert_eq!(to(name, "a@b.example"), expected);
        }
    }

    #[test]
    fn lines_with_encoded_words_have_at_most_76_characters() {
        let local = "l".repeat(60);
        for (length, address) in (1..=60).flat_map(|length| {
            [
                (length, "a@b.example".to_owned()),
                (length, format!("{local}@b.example")),
            ]
        }) {
            for c in ["é", "李", "🚲"] {
                let field = format!("To: {}", to(&c.repeat(length), &address));
                for line in field.split("\r\n") {
                    assert!(line.len() <= 76, "{line}");
                }
                let words = field
                    .split("=?utf-8?b?")
                    .skip(1)
                    .map(|rest| rest.split("?=").next().unwrap());
                let decoded: String = words
                    .map(|word| String::from_utf8(STANDARD.decode(word).unwrap()).unwrap())
                    .collect();
                assert_eq!(decoded, c.repeat(length));
                assert!(field.ends_with(&format!("<{address}>")), "{field}");
            }
        }
    }
}

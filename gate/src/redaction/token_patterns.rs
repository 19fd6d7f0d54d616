//! Secrets that are recognised by their format: tokens with a fixed prefix, JWTs, private keys in PEM.

/// Prefixes of tokens, and how many characters follow at least.
const PREFIXES: &[(&str, usize)] = &[
    ("ghp_", 30),
    ("gho_", 30),
    ("ghu_", 30),
    ("ghs_", 30),
    ("ghr_", 30),
    ("github_pat_", 22),
    ("glpat-", 20),
    ("AKIA", 16),
    ("ASIA", 16),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("npm_", 30),
    ("pypi-", 50),
];

/// The first and last part of the line that begins a private key, and the end of the line that ends it.
const KEY: (&str, &str) = ("-----BEGIN ", "PRIVATE KEY-----");

/// The text with `instead` for every token, JWT and private key.
pub fn without(text: &str, instead: &str) -> String {
    let text = without_keys(text, instead);
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(is_token_character) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|character| !is_token_character(character));
        let (word, after) = from.split_at(end.unwrap_or(from.len()));
        clean.push_str(before);
        match token_start(word) {
            Some(start) => {
                clean.push_str(&word[..start]);
                clean.push_str(instead);
            }
            None => clean.push_str(word),
        }
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// Where a token starts in a word.
fn token_start(word: &str) -> Option<usize> {
    let prefixed = |(prefix, min): &(&str, usize)| {
        let start = word.find(prefix)?;
        (word.len() - start >= prefix.len() + min).then_some(start)
    };
    let jwt = word.find("eyJ").filter(|start| {
        let token = &word[*start..];
        token.len() > 30 && token.matches('.').count() >= 2
    });
    PREFIXES.iter().filter_map(prefixed).chain(jwt).min()
}

fn is_token_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

/// A key without its last line is redacted to the end of the text.
fn without_keys(text: &str, instead: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(KEY.0) {
        let (before, from) = rest.split_at(start);
        clean.push_str(before);
        let head = from.find(KEY.1).filter(|head| *head <= KEY.0.len() + 20);
        let Some(head) = head.map(|head| head + KEY.1.len()) else {
            clean.push_str(KEY.0);
            rest = &from[KEY.0.len()..];
            continue;
        };
        clean.push_str(instead);
        let end = from[head..].find(KEY.1).map(|end| head + end + KEY.1.len());
        rest = &from[end.unwrap_or(from.len())..];
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn tokens_are_redacted_and_nothing_else() {
        let (github, amazon) = (
            format!("{}_{}", "ghp", "a1B2c3".repeat(6)),
            format!("AK{}Z7Q2LMNP4RSTUVWX", "IA"),
        );
        let text = format!("oops the token is {github}, q=x{github}; id={amazon}! ghp_short, AKIA, glpat-");
        assert_eq!(
            without(&text, "[]"),
            "oops the token is [], q=x[]; id=[]! ghp_short, AKIA, glpat-"
        );
        let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
        assert_eq!(
            without(&format!("a {jwt}, eyJ eyJust.a.word"), "[]"),
            "a [], eyJ eyJust.a.word"
        );
    }

    #[test]
    fn private_keys_are_redacted_whole() {
        let key = format!("-----BEGIN EC {0}MIIB+/=\nx\n-----END EC {0}", "PRIVATE KEY-----");
        assert_eq!(without(&format!("a {key} b {key}"), "[]"), "a [] b []");
        assert_eq!(without(&key[..40], "[]"), "[]");
        let public = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
        assert_eq!(without(public, "[]"), public);
    }
}

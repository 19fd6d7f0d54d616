//! What a secret of somebody else's looks like: tokens that say by their first letters what they are; knows no secret by
//! its value.

/// How tokens of one kind begin, and how many letters follow at least.
const BEGINNINGS: &[(&str, usize)] = &[
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

/// A private key in PEM.
const KEY: (&str, &str) = ("-----BEGIN ", "PRIVATE KEY-----");

/// The text with `instead` for whatever has the shape of a token, of a JWT (`eyJ`, and two dots between letters of
/// base64url) or of a private key.
pub fn without(text: &str, instead: &str) -> String {
    let text = without_keys(text, instead);
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(is_of_token) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|letter| !is_of_token(letter)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        clean.push_str(before);
        match begin(word) {
            Some(begin) => {
                clean.push_str(&word[..begin]);
                clean.push_str(instead);
            }
            None => clean.push_str(word),
        }
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// Where in a word a token begins.
fn begin(word: &str) -> Option<usize> {
    let told = |(beginning, least): &(&str, usize)| {
        let start = word.find(beginning)?;
        (word.len() - start >= beginning.len() + least).then_some(start)
    };
    let jwt = word.find("eyJ").filter(|start| {
        let token = &word[*start..];
        token.len() > 30 && token.matches('.').count() >= 2
    });
    BEGINNINGS.iter().filter_map(told).chain(jwt).min()
}

fn is_of_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_.".contains(letter)
}

/// Up to the end of the text where the key does not end.
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
    fn tokens_are_taken_out_and_nothing_else() {
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
    fn private_keys_are_taken_out_whole() {
        let key = format!("-----BEGIN EC {0}MIIB+/=\nx\n-----END EC {0}", "PRIVATE KEY-----");
        assert_eq!(without(&format!("a {key} b {key}"), "[]"), "a [] b []");
        assert_eq!(without(&key[..40], "[]"), "[]");
        let public = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
        assert_eq!(without(public, "[]"), public);
    }
}

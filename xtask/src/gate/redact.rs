//! Takes secrets out of whatever is kept: those of this run by value, others by their shape; never says what it took.

/// What stands in a secret's place.
const REDACTED: &str = "[redacted]";

/// Knows the run's secrets.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// Takes these out, besides what has the shape of a token. What is shorter than eight letters is no secret.
    #[must_use]
    pub fn of(secrets: impl IntoIterator<Item = String>) -> Redactor {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| secret.len() >= 8).collect();
        // The longest first: one may hold another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Redactor { secrets }
    }

    /// Whether a secret of the run stands in these bytes.
    #[must_use]
    pub fn is_needed(&self, bytes: &[u8]) -> bool {
        self.secrets.iter().any(|secret| {
            bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes())
        })
    }

    /// The text without secrets.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, REDACTED);
        }
        without_jwts(&text)
    }
}

/// A JWT: `eyJ`, and two dots between letters of base64url.
fn without_jwts(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("eyJ") {
        let (before, from) = rest.split_at(start);
        clean.push_str(before);
        let end = from
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter)))
            .unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let is_jwt = word.len() > 30 && word.matches('.').count() >= 2;
        clean.push_str(if is_jwt { REDACTED } else { word });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_tokens_are_taken_out_and_nothing_else() {
        let redactor = Redactor::of(["hunter2hunter2".into(), "short".into()]);
        let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
        let text = format!("a {jwt}, b=hunter2hunter2; short eyJ eyJust.a.word");
        assert_eq!(
            redactor.clean(&text),
            "a [redacted], b=[redacted]; short eyJ eyJust.a.word"
        );
    }
}

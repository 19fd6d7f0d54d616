//! Removes secrets from paths before they are logged. Links carry their token in the query, which is never logged, but a
//! mail program may break a link so that the token becomes part of the path.

use std::borrow::Cow;

/// Runs of letters and digits of this length may be tokens, which have 43 characters.
const MIN_TOKEN_LENGTH: usize = 16;

/// Logged paths are cut to this many characters.
const MAX_LENGTH: usize = 256;

const REDACTED: &str = "[redacted]";

/// The path without possible tokens and mail addresses, cut to a maximum length.
pub fn path(path: &str) -> Cow<'_, str> {
    if path.len() <= MAX_LENGTH && path.split('/').all(is_plain) {
        return path.into();
    }
    let segments = path.split('/').map(segment);
    let shown = segments.collect::<Vec<_>>().join("/");
    shown.chars().take(MAX_LENGTH).collect::<String>().into()
}

fn is_plain(segment: &str) -> bool {
    !is_address(segment) && !runs(segment).any(is_token)
}

fn segment(segment: &str) -> Cow<'_, str> {
    if is_plain(segment) {
        return segment.into();
    }
    if is_address(segment) {
        return REDACTED.into();
    }
    let pieces = segment.split_inclusive(is_separator).map(|piece| {
        let run = piece.trim_end_matches(is_separator);
        if is_token(run) {
            [REDACTED, &piece[run.len()..]]
        } else {
            [piece, ""]
        }
    });
    pieces.flatten().collect::<String>().into()
}

fn is_address(segment: &str) -> bool {
    segment.contains('@') || segment.contains("%40")
}

fn runs(segment: &str) -> impl Iterator<Item = &str> {
    segment.split(is_separator)
}

fn is_separator(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Names are all upper case (ports) or all lower case (regions, UUIDs), so a long run with both cases is not a name.
fn is_token(run: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| run.as_bytes().iter().any(kind);
    run.len() >= MIN_TOKEN_LENGTH && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_logged_unchanged() {
        for plain in [
            "/",
            "/ports/CNGGZ",
            "/regions/stockholm_area_and_the_islands_around_it",
            "/auth/sessions/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "/.well-known/jwks.json",
            "/%0a%00",
        ] {
            assert_eq!(path(plain), plain);
        }
    }

    #[test]
    fn tokens_and_addresses_are_redacted() {
        let token = "q3T1x0m8Yc5yW9rJ4uH2vN7sK6pL0zEfGdB1aQiOtXk";
        for (path_in, logged) in [
            (format!("/confirm%3Ftoken={token}"), "/confirm%3Ftoken=[redacted]"),
            (
                format!("/confirm%3Ftoken%3D{token}"),
                "/confirm%3Ftoken%[redacted]",
            ),
            (format!("/{token}/{token}"), "/[redacted]/[redacted]"),
            (
                format!("/x/eyJhbGciOiJFUzI1NiJ9.{token}.{token}"),
                "/x/[redacted].[redacted].[redacted]",
            ),
            ("/user/ann@example.org/x".to_owned(), "/user/[redacted]/x"),
            ("/user/ann%40example.org".to_owned(), "/user/[redacted]"),
        ] {
            assert_eq!(path(&path_in), logged);
        }
        let long = format!("/{}", "é".repeat(400));
        assert_eq!(path(&long).chars().count(), MAX_LENGTH);
    }
}

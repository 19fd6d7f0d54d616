//! Where somebody goes after signing in: only ever to a page of their own here, so that a link to our sign-in page
//! cannot lead on to a stranger's (open redirects, CWE-601).

/// Where everybody goes who wanted nowhere else.
pub const HOME: &str = "/my/wishes";

/// The path, if it is one of a member's pages; otherwise home.
pub fn safe(next: &str) -> &str {
    let known = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'-' | b'?' | b'=' | b'&');
    let good =
        next.starts_with("/my/") && next.len() <= 200 && !next.contains("//") && next.bytes().all(known);
    if good { next } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::{HOME, safe};

    #[test]
    fn nobody_is_led_away() {
        for good in [
            "/my/wishes",
            "/my/wishes/new",
            "/my/wishes/7",
            "/my/wishes?after=7&show=open",
        ] {
            assert_eq!(safe(good), good);
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "/my//evil.example",
            "https://evil.example/my/",
            "/\\evil.example",
            "/my/\\evil.example",
            "/my/..%2f",
            "/my/wishes\r\nLocation: https://evil.example",
            "my/wishes",
            "/sign-out",
            "javascript:alert(1)",
            "/my/wishes@evil.example",
            "/my/wishes.evil.example",
            &format!("/my/{}", "a".repeat(300)),
        ] {
            assert_eq!(safe(bad), HOME, "{bad:?}");
        }
    }
}

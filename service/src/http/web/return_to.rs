//! Where a member goes after signing in: only to a member page of this site, so that a link to the sign-in page is not an
//! open redirect (CWE-601).

/// The default page after signing in.
pub const HOME: &str = "/my/wishes";

/// The path if it is a member page, otherwise [`HOME`].
pub fn safe(next: &str) -> &str {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'-' | b'?' | b'=' | b'&');
    let is_safe =
        next.starts_with("/my/") && next.len() <= 200 && !next.contains("//") && next.bytes().all(allowed);
    if is_safe { next } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::{HOME, safe};

    #[test]
    fn foreign_targets_are_replaced() {
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

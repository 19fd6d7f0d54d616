//! Cookies with the `__Host-` prefix: Secure, host-only, for all paths; a sibling domain can neither set nor shadow them
//! (RFC 6265bis §4.1.3.2). HttpOnly: scripts cannot read them.

use crate::crypto::tokens::PlainToken;
use http::{HeaderMap, HeaderValue, header};
use poem::Response;

/// The session token.
pub const SESSION: &str = "__Host-session";

/// The random seed of CSRF tokens.
pub const CSRF: &str = "__Host-csrf";

/// The flash message.
pub const FLASH: &str = "__Host-notice";

/// The address that a mail was requested for, for the next page.
pub const MAILED_TO: &str = "__Host-mailed-to";

/// The key of the entries that are stored while the user signs in.
pub const DRAFT: &str = "__Host-draft";

/// The value of the cookie; `None` if it is missing or, which no browser sends, repeated. The field is octets (RFC 6265 §5.4):
/// a cookie of another service on the host may hold anything, and must not hide ours.
pub fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut values = lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            pair.trim_ascii()
                .strip_prefix(name.as_bytes())?
                .strip_prefix(b"=")
        });
    let value = values.next().filter(|_| values.next().is_none())?;
    std::str::from_utf8(value).ok()
}

/// The token in the cookie.
pub fn token(headers: &HeaderMap, name: &str) -> Option<PlainToken> {
    find(headers, name).and_then(PlainToken::parse)
}

/// Sets a cookie until the browser is closed. SameSite=Lax: links from other sites arrive signed in, forms do not.
pub fn set(response: &mut Response, name: &str, value: &str) {
    add(
        response,
        &format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"),
    );
}

/// Sets a cookie for this many seconds.
pub fn set_for(response: &mut Response, name: &str, value: &str, seconds: u64) {
    let cookie = format!("{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax");
    add(response, &cookie);
}

/// Removes a cookie.
pub fn clear(response: &mut Response, name: &str) {
    set_for(response, name, "", 0);
}

fn add(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_others_hide_none_of_ours() {
        for line in [
            "__Host-session=x; city=Zürich",
            "city=Zürich;__Host-session=x",
            "\"a;b\"; =; novalue; __Host-session=x;",
        ] {
            let mut headers = HeaderMap::new();
            headers.append(header::COOKIE, HeaderValue::from_static("lang=fr"));
            headers.append(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            let latin1 = HeaderValue::from_bytes(b"name=\xe9t\xe9").unwrap();
            headers.append(header::COOKIE, latin1);
            assert_eq!(find(&headers, SESSION), Some("x"), "{line}");
        }
    }

    fn headers(lines: &[&'static str]) -> HeaderMap {
        let value = |line: &&'static str| (header::COOKIE, HeaderValue::from_static(line));
        lines.iter().map(value).collect()
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_and_only_once() {
        let found = |lines: &[&'static str]| find(&headers(lines), SESSION).map(str::to_owned);
        assert_eq!(found(&["a=b; __Host-session=x; c=d"]).as_deref(), Some("x"));
        assert_eq!(found(&["a=b", "__Host-session=x"]).as_deref(), Some("x"));
        for bad in [
            &["a=b"][..],
            &["__Host-sessionx=x"],
            &["x__Host-session=x"],
            &["__host-session=x"],
            &["__Host-session=x; __Host-session=y"],
            &["__Host-session=x", "__Host-session=x"],
        ] {
            assert_eq!(found(bad), None, "{bad:?}");
        }
    }
}

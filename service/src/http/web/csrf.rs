//! Protection against cross-site request forgery (OWASP CSRF cheat sheet). Each form carries a token, a MAC over a random
//! cookie and the session under the service's key: a token of another session or an injected cookie is useless. The origin
//! that the browser reports is checked first.

use super::cookies::{self, CSRF};
use super::state::Web;
use crate::crypto::data_keys::DataKeys;
use crate::crypto::tokens::PlainToken;
use crate::http::contract::problem::Problem;
use http::{HeaderMap, StatusCode, Uri, header};
use poem::{Request, Response};
use uuid::Uuid;

/// Makes and checks the tokens of one browser and one session.
#[derive(Clone, Debug)]
pub struct CsrfGuard {
    keys: DataKeys,
    seed: PlainToken,
    cookie: CookieState,
    session: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CookieState {
    /// The browser sent it.
    Received,
    /// It must be set.
    New,
}

impl CsrfGuard {
    /// For this browser: its cookie, or a new one.
    pub fn of(headers: &HeaderMap, keys: &DataKeys, session: Option<Uuid>) -> Self {
        let known = cookies::token(headers, CSRF);
        let cookie = match known {
            Some(_) => CookieState::Received,
            None => CookieState::New,
        };
        Self {
            keys: keys.clone(),
            seed: known.unwrap_or_else(PlainToken::random),
            cookie,
            session,
        }
    }

    /// The token for a form.
    pub fn token(&self) -> String {
        let mac = self.keys.mac("csrf", self.data().as_bytes());
        PlainToken::of_bytes(&mac).reveal().to_owned()
    }

    /// Rejects (403) a form whose token does not belong to this browser and session.
    pub fn check(&self, token: &str) -> Result<(), Problem> {
        let sent = PlainToken::parse(token).map(|token| token.hash());
        // Compared as hashes, so that the time does not depend on how much of a guess is correct. With every key, because
        // a form may have been open while the keys were rotated.
        let mut macs = self.keys.macs("csrf", self.data().as_bytes()).into_iter();
        match sent {
            Some(sent)
                if self.cookie == CookieState::Received
                    && macs.any(|mac| PlainToken::of_bytes(&mac).hash() == sent) =>
            {
                Ok(())
            }
            _ => Err(forged("the form has expired or did not come from this site")),
        }
    }

    /// Sets the cookie if the browser does not have it yet.
    pub fn set_cookie(&self, response: &mut Response) {
        if self.cookie == CookieState::New {
            cookies::set(response, CSRF, self.seed.reveal());
        }
    }

    /// What a token is the MAC of.
    fn data(&self) -> String {
        let session = self.session.map(|session| session.to_string());
        format!("{}.{}", self.seed.reveal(), session.unwrap_or_default())
    }
}

/// Rejects (403) a form that the browser reports as cross-origin (`Sec-Fetch-Site`, W3C Fetch Metadata; `Origin`,
/// RFC 6454 §7). Our pages send no referrer, so browsers report their origin as `null`; that is accepted only together with
/// `Sec-Fetch-Site: same-origin`.
pub fn check_origin(request: &Request, web: &Web) -> Result<(), Problem> {
    let site = single(request, "sec-fetch-site")?;
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(forged("the form was sent from another site"));
    }
    match single(request, header::ORIGIN.as_str())? {
        None => Ok(()),
        Some("null") if site == Some("same-origin") => Ok(()),
        Some(origin) if is_own_origin(origin, request, web) => Ok(()),
        Some(_) => Err(forged("the form was sent from another site")),
    }
}

/// Whether the origin is the public one or that of the requested Host, which is on the allow-list.
fn is_own_origin(origin: &str, request: &Request, web: &Web) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else {
        return false;
    };
    let known = web.public_origin();
    if origin.scheme() != known.scheme() {
        return false;
    }
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let requested = request
        .original_uri()
        .authority()
        .map(http::uri::Authority::as_str)
        .or(host);
    let authority = origin
        .authority()
        .map(http::uri::Authority::as_str)
        .unwrap_or_default();
    let of = |other: &str| authority.eq_ignore_ascii_case(other);
    requested.is_some_and(of) || known.authority().is_some_and(|known| of(known.as_str()))
}

fn single<'a>(request: &'a Request, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = request.headers().get_all(name).iter();
    let value = values.next().map(|value| value.to_str()).transpose();
    match (value, values.next()) {
        (Ok(value), None) => Ok(value),
        _ => Err(forged("the origin of the form is ambiguous")),
    }
}

fn forged(detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forged-form", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_for_its_browser_session_and_key_only() {
        let key = DataKeys::random();
        let cookie = |seed: &PlainToken| {
            let value = format!("{CSRF}={}", seed.reveal());
            HeaderMap::from_iter([(header::COOKIE, value.parse().unwrap())])
        };
        let (browser, other) = (cookie(&PlainToken::random()), cookie(&PlainToken::random()));
        let session = Some(Uuid::new_v4());
        let token = CsrfGuard::of(&browser, &key, session).token();
        assert!(CsrfGuard::of(&browser, &key, session).check(&token).is_ok());
        let foreign_key = DataKeys::random();
        for guard in [
            CsrfGuard::of(&other, &key, session),
            CsrfGuard::of(&browser, &key, None),
            CsrfGuard::of(&browser, &key, Some(Uuid::new_v4())),
            CsrfGuard::of(&browser, &foreign_key, session),
            CsrfGuard::of(&HeaderMap::new(), &key, session),
        ] {
            assert_eq!(guard.check(&token).unwrap_err().status, 403);
        }
        assert!(CsrfGuard::of(&browser, &key, session).check("").is_err());
        let without_cookie = CsrfGuard::of(&HeaderMap::new(), &key, session);
        assert!(
            without_cookie.check(&without_cookie.token()).is_err(),
            "a browser without a cookie has no token"
        );
    }
}

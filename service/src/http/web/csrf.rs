//! Forged requests: a stranger's page can make a browser send a form here, cookies and all. Each form carries a token
//! that such a page cannot know: it follows from a random cookie, the session, and the service's key, so that neither a
//! stolen token of somebody else nor a cookie that was planted is of use. What the browser itself says of where the
//! form comes from is looked at first.

use super::cookies::{self, CSRF};
use super::state::Web;
use crate::crypto::data_key::DataKey;
use crate::crypto::tokens::PlainToken;
use crate::http::contract::problem::Problem;
use http::{HeaderMap, StatusCode, Uri, header};
use poem::{Request, Response};
use uuid::Uuid;

/// Makes and checks the tokens of one browser and one session.
#[derive(Clone, Debug)]
pub struct Guard {
    key: DataKey,
    seed: PlainToken,
    age: Age,
    session: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// The browser has it.
    Known,
    /// The browser must be told.
    Fresh,
}

impl Guard {
    /// For this browser: its cookie, or a new one.
    pub fn of(headers: &HeaderMap, key: &DataKey, session: Option<Uuid>) -> Self {
        let known = cookies::token(headers, CSRF);
        let age = match known {
            Some(_) => Age::Known,
            None => Age::Fresh,
        };
        Self {
            key: key.clone(),
            seed: known.unwrap_or_else(PlainToken::random),
            age,
            session,
        }
    }

    /// The token for a form.
    pub fn token(&self) -> String {
        PlainToken::of_bytes(&self.mac()).reveal().to_owned()
    }

    /// Refuses (403) a form whose token is not of this browser and this session.
    pub fn check(&self, token: &str) -> Result<(), Problem> {
        let sent = PlainToken::parse(token).map(|token| token.hash());
        // Compared as hashes: how much of a guess is right must not show in the time it takes.
        let right = PlainToken::of_bytes(&self.mac()).hash();
        match sent {
            Some(sent) if self.age == Age::Known && sent == right => Ok(()),
            _ => Err(forged("the form is too old, or was not ours")),
        }
    }

    /// Tells the browser its cookie, where it does not have it yet.
    pub fn tell(&self, response: &mut Response) {
        if self.age == Age::Fresh {
            cookies::set(response, CSRF, self.seed.reveal());
        }
    }

    fn mac(&self) -> [u8; 32] {
        let session = self.session.map(|session| session.to_string());
        let data = format!("{}.{}", self.seed.reveal(), session.unwrap_or_default());
        self.key.mac("csrf", data.as_bytes())
    }
}

/// Refuses (403) what the browser says comes from another origin (`Sec-Fetch-Site`, W3C Fetch Metadata; `Origin`,
/// RFC 6454 §7). Our pages send no referrer, so a browser calls their origin `null`: that is taken only from one that
/// also says that the form is ours.
pub fn check_origin(request: &Request, web: &Web) -> Result<(), Problem> {
    let site = single(request, "sec-fetch-site")?;
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(forged("the form was sent from another site"));
    }
    match single(request, header::ORIGIN.as_str())? {
        None => Ok(()),
        Some("null") if site == Some("same-origin") => Ok(()),
        Some(origin) if is_ours(origin, request, web) => Ok(()),
        Some(_) => Err(forged("the form was sent from another site")),
    }
}

/// The origin that people know, or that of the Host that was asked, which is on the list by now.
fn is_ours(origin: &str, request: &Request, web: &Web) -> bool {
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
    let asked = request
        .original_uri()
        .authority()
        .map(http::uri::Authority::as_str)
        .or(host);
    let authority = origin
        .authority()
        .map(http::uri::Authority::as_str)
        .unwrap_or_default();
    let of = |other: &str| authority.eq_ignore_ascii_case(other);
    asked.is_some_and(of) || known.authority().is_some_and(|known| of(known.as_str()))
}

fn single<'a>(request: &'a Request, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = request.headers().get_all(name).iter();
    let value = values.next().map(|value| value.to_str()).transpose();
    match (value, values.next()) {
        (Ok(value), None) => Ok(value),
        _ => Err(forged("the form does not say where it comes from")),
    }
}

fn forged(detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forged-form", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_browser_its_session_and_its_key_only() {
        let key = DataKey::parse(&DataKey::generate()).unwrap();
        let cookie = |seed: &PlainToken| {
            let value = format!("{CSRF}={}", seed.reveal());
            HeaderMap::from_iter([(header::COOKIE, value.parse().unwrap())])
        };
        let (browser, other) = (cookie(&PlainToken::random()), cookie(&PlainToken::random()));
        let session = Some(Uuid::new_v4());
        let token = Guard::of(&browser, &key, session).token();
        assert!(Guard::of(&browser, &key, session).check(&token).is_ok());
        let foreign_key = DataKey::parse(&DataKey::generate()).unwrap();
        for guard in [
            Guard::of(&other, &key, session),
            Guard::of(&browser, &key, None),
            Guard::of(&browser, &key, Some(Uuid::new_v4())),
            Guard::of(&browser, &foreign_key, session),
            Guard::of(&HeaderMap::new(), &key, session),
        ] {
            assert_eq!(guard.check(&token).unwrap_err().status, 403);
        }
        assert!(Guard::of(&browser, &key, session).check("").is_err());
        let unseen = Guard::of(&HeaderMap::new(), &key, session);
        assert!(
            unseen.check(&unseen.token()).is_err(),
            "a browser without a cookie has no token"
        );
    }
}

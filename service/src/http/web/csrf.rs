//! Protection against cross-site request forgery (OWASP CSRF cheat sheet). Each form carries a token: a random number that
//! identifies the form, a mark of its account, and a MAC over both, a random cookie and the session under the service's key. A
//! token of another session or an injected cookie is useless. The origin that the browser reports is checked first.

use super::cookies::{self, CSRF};
use super::state::Web;
use crate::crypto::data_keys::DataKeys;
use crate::crypto::tokens::PlainToken;
use crate::domain::form_answers::FormKey;
use crate::http::contract::problem::Problem;
use crate::types::account::AccountId;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode, Uri, header};
use poem::{Request, Response};
use uuid::Uuid;

/// Length of the number that identifies a form.
const FORM_ID_LENGTH: usize = 16;

/// Length of the mark by which the account of a form is recognised without its session: two short MACs, of the account, and
/// that there was one.
const OWNER_MARK_LENGTH: usize = 16;

/// Length of a short MAC. Each guess is a request.
const SHORT_MAC_LENGTH: usize = 8;

/// Makes and checks the tokens of one browser and one session.
#[derive(Clone, Debug)]
pub struct CsrfGuard {
    keys: DataKeys,
    seed: PlainToken,
    cookie: CookieState,
    session: Option<Uuid>,
    account: Option<AccountId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CookieState {
    /// The browser sent it.
    Received,
    /// It must be set.
    New,
}

/// What a browser reports about the origin of a form that is not from another site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormOrigin {
    /// It is ours. Another site cannot make a browser report that.
    Own,
    /// The browser does not say.
    Unknown,
}

impl CsrfGuard {
    /// For this browser: its cookie, or a new one.
    pub fn of(headers: &HeaderMap, keys: &DataKeys, signed_in: Option<(Uuid, AccountId)>) -> Self {
        let known = cookies::token(headers, CSRF);
        let cookie = match known {
            Some(_) => CookieState::Received,
            None => CookieState::New,
        };
        Self {
            keys: keys.clone(),
            seed: known.unwrap_or_else(PlainToken::random),
            cookie,
            session: signed_in.map(|(session, _)| session),
            account: signed_in.map(|(_, account)| account),
        }
    }

    /// The token for a form.
    pub fn token(&self) -> String {
        let form = rand::random::<[u8; FORM_ID_LENGTH]>();
        let owner = self.keys.mac("form owner", &self.owner_data(&form));
        let owned = [form.as_slice(), &owner[..SHORT_MAC_LENGTH]].concat();
        let member = match self.account {
            Some(_) => self.keys.mac("member form", &owned),
            None => rand::random(),
        };
        let owned = [owned.as_slice(), &member[..SHORT_MAC_LENGTH]].concat();
        let mac = self.keys.mac("csrf", &self.data(&owned));
        URL_SAFE_NO_PAD.encode([owned.as_slice(), &mac].concat())
    }

    /// Whether a token belongs to this browser and session. With every key, because a form may have been open while the keys
    /// were rotated.
    pub fn verifies(&self, token: &str) -> bool {
        let Ok(token) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        let Some((owned, mac)) = token.split_at_checked(FORM_ID_LENGTH + OWNER_MARK_LENGTH) else {
            return false;
        };
        self.cookie == CookieState::Received && self.keys.verify_mac("csrf", &self.data(owned), mac)
    }

    /// Whether a token, of any session and browser, was issued to the account that is signed in.
    pub fn is_owner(&self, token: &str) -> bool {
        let token = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let Some((form, mark)) = token.split_at_checked(FORM_ID_LENGTH) else {
            return false;
        };
        self.account.is_some() && self.has_short_mac("form owner", &self.owner_data(form), mark)
    }

    /// Whether a token, of any session and browser, was issued to someone who was signed in.
    pub fn is_of_member(&self, token: &str) -> bool {
        let token = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let owned = token.split_at_checked(FORM_ID_LENGTH + SHORT_MAC_LENGTH);
        owned.is_some_and(|(owned, mark)| self.has_short_mac("member form", owned, mark))
    }

    /// Whether `bytes` begin with the short MAC of the data, with any key.
    fn has_short_mac(&self, label: &'static str, data: &[u8], bytes: &[u8]) -> bool {
        let sent = bytes.get(..SHORT_MAC_LENGTH);
        let macs = self.keys.macs(label, data);
        sent.is_some() && macs.iter().any(|mac| mac.get(..SHORT_MAC_LENGTH) == sent)
    }

    /// Whether the browser sent the cookie.
    pub fn has_cookie(&self) -> bool {
        self.cookie == CookieState::Received
    }

    /// What identifies a submitted form with these contents; they include its token.
    pub fn form_key(&self, contents: &[&[u8]]) -> FormKey {
        FormKey::of(&self.seed, contents)
    }

    /// Sets the cookie if the browser does not have it yet.
    pub fn set_cookie(&self, response: &mut Response) {
        if self.cookie == CookieState::New {
            cookies::set(response, CSRF, self.seed.reveal());
        }
    }

    /// What the mark of the owner is the MAC of.
    fn owner_data(&self, form: &[u8]) -> Vec<u8> {
        let account = self.account.map(AccountId::get).unwrap_or_default();
        [form, &account.to_be_bytes()].concat()
    }

    /// What a token is the MAC of.
    fn data(&self, form: &[u8]) -> Vec<u8> {
        let session = self.session.map(|session| session.to_string());
        let context = format!("{}.{}.", self.seed.reveal(), session.unwrap_or_default());
        [context.as_bytes(), form].concat()
    }
}

/// Rejects (403) a form that the browser reports as cross-origin (`Sec-Fetch-Site`, W3C Fetch Metadata; `Origin`,
/// RFC 6454 §7). Our pages send no referrer, so browsers report their origin as `null`, which says nothing: with
/// `Sec-Fetch-Site: same-origin` the form is ours, without it the token decides.
pub fn check_origin(request: &Request, web: &Web) -> Result<FormOrigin, Problem> {
    let site = single(request, "sec-fetch-site")?;
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(cross_site());
    }
    match single(request, header::ORIGIN.as_str())? {
        None | Some("null") if site == Some("same-origin") => Ok(FormOrigin::Own),
        None | Some("null") => Ok(FormOrigin::Unknown),
        Some(origin) if is_own_origin(origin, request, web) => Ok(FormOrigin::Own),
        Some(_) => Err(cross_site()),
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

fn cross_site() -> Problem {
    forged("the form was sent from another site")
}

/// 403 for a form that may be from another site.
pub fn forged(detail: &'static str) -> Problem {
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
        let account = |id| AccountId::of(id);
        let session = Some((Uuid::new_v4(), account(7)));
        let token = CsrfGuard::of(&browser, &key, session).token();
        let guard = CsrfGuard::of(&browser, &key, session);
        assert!(guard.verifies(&token) && guard.verifies(&guard.token()));
        assert_ne!(guard.token(), token, "each form has its own");
        let later = |id| CsrfGuard::of(&other, &key, Some((Uuid::new_v4(), account(id))));
        assert!(later(7).is_owner(&token) && !later(8).is_owner(&token) && !later(7).is_owner("x"));
        assert!(!CsrfGuard::of(&browser, &key, None).is_owner(&token));
        let of_visitor = CsrfGuard::of(&browser, &key, None).token();
        assert!(later(7).is_of_member(&token) && !later(7).is_of_member(&of_visitor));
        let foreign_key = DataKeys::random();
        for guard in [
            CsrfGuard::of(&other, &key, session),
            CsrfGuard::of(&browser, &key, None),
            CsrfGuard::of(&browser, &key, Some((Uuid::new_v4(), account(7)))),
            CsrfGuard::of(&browser, &foreign_key, session),
            CsrfGuard::of(&HeaderMap::new(), &key, session),
        ] {
            assert!(!guard.verifies(&token));
        }
        for bad in ["", "x", &token[1..], &token[..40], &format!("{token}AAAA")] {
            assert!(!guard.verifies(bad), "{bad}");
        }
        let without_cookie = CsrfGuard::of(&HeaderMap::new(), &key, session);
        assert!(
            !without_cookie.verifies(&without_cookie.token()),
            "a browser without a cookie has no token"
        );
    }
}

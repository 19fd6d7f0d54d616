//! Who looks at a page. Every page takes a visitor first, or a member: somebody who is signed in. Only through them is a
//! form that was sent opened, after its token was checked.

use super::cookies::{self, NOTICE, SESSION};
use super::csrf::{Guard, check_origin};
use super::flash::Notice;
use super::form::fields::Fields;
use super::page_frame::{Chrome, Member as Shown};
use super::response::{page, see_other};
use super::return_to;
use super::state::Web;
use crate::domain::sessions::caller::SignedIn;
use crate::domain::sessions::error::AuthenticationError;
use crate::http::contract::problem::Problem;
use askama::Template;
use http::{Method, StatusCode};
use poem::{FromRequest, Request, RequestBody, Response, Result};
use std::ops::Deref;

/// Anybody, signed in or not.
pub struct Visitor {
    signed_in: Option<SignedIn>,
    guard: Guard,
    notice: Option<Notice>,
}

/// Somebody who is signed in; anybody else is shown the way to the sign-in page.
pub struct Member {
    /// The proof.
    pub signed_in: SignedIn,
    visitor: Visitor,
}

/// A form that was sent, not opened yet.
pub struct Posted(Fields);

impl Visitor {
    /// Who sent this request. A session that has ended is as good as none.
    pub async fn of(request: &Request, web: &Web) -> Result<Self, Problem> {
        let headers = request.headers();
        let signed_in = match cookies::token(headers, SESSION) {
            None => None,
            Some(token) => match web.sessions().authenticate_cookie(&token).await {
                Ok(signed_in) => Some(signed_in),
                Err(AuthenticationError::InvalidToken) => None,
                Err(AuthenticationError::Storage(error)) => return Err(error.into()),
            },
        };
        let session = signed_in.as_ref().map(SignedIn::session);
        Ok(Self {
            guard: Guard::of(headers, web.data_key(), session),
            notice: cookies::find(headers, NOTICE).and_then(Notice::parse),
            signed_in,
        })
    }

    /// The proof that somebody is signed in, if so.
    pub fn signed_in(&self) -> Option<&SignedIn> {
        self.signed_in.as_ref()
    }

    /// The token for a form.
    pub fn csrf(&self) -> String {
        self.guard.token()
    }

    /// What stands around the page.
    pub fn chrome(&self) -> Chrome {
        let chrome = match &self.signed_in {
            None => Chrome::doors(),
            Some(signed_in) => Chrome::for_member(Shown {
                name: match signed_in.name() {
                    "" => signed_in.email().to_owned(),
                    name => name.to_owned(),
                },
                csrf: self.csrf(),
            }),
        };
        chrome.with_notice(self.notice.map(Notice::text))
    }

    /// A page for them.
    pub fn show(&self, status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
        let mut response = page(status, template)?;
        self.guard.tell(&mut response);
        if self.notice.is_some() {
            cookies::clear(&mut response, NOTICE);
        }
        Ok(response)
    }

    /// Opens a form: the token first, then the names of its fields.
    pub fn open(&self, posted: Posted, required: &[&str], optional: &[&str]) -> Result<Fields, Problem> {
        let mut fields = posted.0;
        self.guard.check(&fields.take_token())?;
        fields.check(required, optional)?;
        Ok(fields)
    }
}

impl Deref for Member {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl<'a> FromRequest<'a> for Visitor {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let web = request.extensions().get::<Web>().ok_or_else(Problem::internal)?;
        Ok(Self::of(request, web).await?)
    }
}

impl<'a> FromRequest<'a> for Member {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let visitor = Visitor::from_request(request, body).await?;
        match visitor.signed_in.clone() {
            Some(signed_in) => Ok(Self { signed_in, visitor }),
            None => Err(poem::Error::from_response(to_sign_in(request))),
        }
    }
}

impl<'a> FromRequest<'a> for Posted {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let web = request.extensions().get::<Web>().ok_or_else(Problem::internal)?;
        check_origin(request, web)?;
        Ok(Self(Fields::read(request, body.take()?).await?))
    }
}

/// With the way back to a page that was only looked at.
fn to_sign_in(request: &Request) -> Response {
    let wanted = request
        .original_uri()
        .path_and_query()
        .map_or("", http::uri::PathAndQuery::as_str);
    let target = match return_to::safe(wanted) {
        safe if request.method() == Method::GET && safe == wanted && safe != return_to::HOME => {
            let next = percent_encoding::utf8_percent_encode(safe, percent_encoding::NON_ALPHANUMERIC);
            format!("/sign-in?next={next}")
        }
        _ => "/sign-in".to_owned(),
    };
    see_other(&target)
}

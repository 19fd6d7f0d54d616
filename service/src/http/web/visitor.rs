//! Who requests a page. Every page first takes a [`Visitor`], or a [`Member`] if it requires a session. They alone open a
//! submitted form; `form/submission.rs` has verified its CSRF token before.

use super::cookies::{self, DRAFT, FLASH, SESSION};
use super::csrf::CsrfGuard;
use super::flash::Flash;
use super::form::Form;
use super::form::draft::Draft;
use super::form::fields::Fields;
use super::form::resubmission::{Resubmission, ResubmissionCause};
use super::page_frame::{NavMember, PageFrame};
use super::response::{page, see_other};
use super::return_to;
use super::state::Web;
use crate::domain::sessions::caller::SignedIn;
use crate::domain::sessions::error::AuthenticationError;
use crate::http::contract::auth::insufficient;
use crate::http::contract::auth::record_account;
use crate::http::contract::problem::{Problem, ProblemKind};
use crate::types::role::Scope;
use askama::Template;
use http::StatusCode;
use poem::{FromRequest, Request, RequestBody, Response, Result};
use std::ops::Deref;

/// The page that sets up a second factor.
pub const SECOND_FACTOR: &str = "/my/account/second-factor";

/// A visitor, signed in or not.
#[derive(Clone)]
pub struct Visitor {
    signed_in: Option<SignedIn>,
    guard: CsrfGuard,
    flash: Option<Flash>,
    has_api_docs: bool,
    /// The form that the page shows again.
    resubmission: Option<Resubmission>,
}

/// A signed-in visitor; any other is redirected to the sign-in page, and one who must set up a second factor first to the
/// page for that.
pub struct Member {
    /// The proof of authentication.
    pub signed_in: SignedIn,
    visitor: Visitor,
}

/// A signed-in visitor who may have to set up a second factor first.
pub struct SetupMember(pub Member);

/// A submitted form. Its CSRF token is verified, the names of its fields are not yet.
#[derive(Clone)]
pub struct SubmittedForm(Fields);

impl SubmittedForm {
    /// With fields whose CSRF token is verified.
    pub(super) fn of_verified(fields: Fields) -> Self {
        Self(fields)
    }
}

impl Visitor {
    /// The sender of this request. An expired session counts as none.
    pub async fn of(request: &Request, web: &Web) -> Result<Self, Problem> {
        let headers = request.headers();
        let signed_in = match cookies::token(headers, SESSION) {
            None => None,
            Some(token) => match web.sessions().authenticate_cookie(&token).await {
                Ok(signed_in) => {
                    record_account(&signed_in);
                    Some(signed_in)
                }
                Err(AuthenticationError::InvalidToken) => None,
                Err(AuthenticationError::Storage(error)) => return Err(error.into()),
            },
        };
        let session = signed_in.as_ref().map(|own| (own.session(), own.account()));
        Ok(Self {
            guard: CsrfGuard::of(headers, web.data_keys(), session),
            flash: cookies::find(headers, FLASH).and_then(Flash::parse),
            signed_in,
            has_api_docs: web.has_api_docs(),
            resubmission: None,
        })
    }

    /// With a form to show again.
    #[must_use]
    pub fn with_resubmission(mut self, resubmission: Resubmission) -> Self {
        self.resubmission = Some(resubmission);
        self
    }

    /// The guard of this visitor's forms.
    pub fn guard(&self) -> &CsrfGuard {
        &self.guard
    }

    /// Fills in what was entered before, if the form is shown again.
    pub fn restore(&self, form: &mut Form) {
        if let Some(resubmission) = &self.resubmission {
            resubmission.restore(form);
        }
    }

    /// The proof of authentication, if the visitor is signed in.
    pub fn signed_in(&self) -> Option<&SignedIn> {
        self.signed_in.as_ref()
    }

    /// The CSRF token for a form.
    pub fn csrf(&self) -> String {
        self.guard.token()
    }

    /// The frame of the page.
    pub fn frame(&self) -> PageFrame {
        let frame = match &self.signed_in {
            None => PageFrame::signed_out(),
            Some(signed_in) => PageFrame::signed_in(NavMember {
                name: match signed_in.name() {
                    "" => signed_in.email().to_owned(),
                    name => name.to_owned(),
                },
                csrf: self.csrf(),
            }),
        };
        frame
            .with_flash(self.flash.map(Flash::text))
            .with_api_docs(self.has_api_docs)
    }

    /// Renders a page for this visitor.
    pub fn show(&self, status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
        let cause = self.resubmission.as_ref().map(Resubmission::cause);
        let mut response = match cause {
            Some(ResubmissionCause::Outdated | ResubmissionCause::NoCookie) if status == StatusCode::OK => {
                let mut response = page(StatusCode::CONFLICT, template)?;
                response.extensions_mut().insert(ProblemKind("outdated-form"));
                response
            }
            _ => page(status, template)?,
        };
        if cause == Some(ResubmissionCause::SignedOut) {
            cookies::clear(&mut response, DRAFT);
        }
        self.guard.set_cookie(&mut response);
        if self.flash.is_some() {
            cookies::clear(&mut response, FLASH);
        }
        Ok(response)
    }

    /// Opens a form: verifies the names of its fields.
    pub fn open(
        &self,
        submitted: SubmittedForm,
        required: &[&str],
        optional: &[&str],
    ) -> Result<Fields, Problem> {
        let SubmittedForm(fields) = submitted;
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
        // A submitted form's visitor is known already.
        if let Some(known) = request.extensions().get::<Self>() {
            return Ok(known.clone());
        }
        let web = request.extensions().get::<Web>().ok_or_else(Problem::internal)?;
        let visitor = Self::of(request, web).await?;
        let path = request.original_uri().path();
        let draft = Draft::find(web, path, request.headers(), &visitor.guard).await?;
        Ok(match draft {
            Some(fields) => {
                visitor.with_resubmission(Resubmission::new(fields, ResubmissionCause::SignedOut))
            }
            None => visitor,
        })
    }
}

impl<'a> FromRequest<'a> for Member {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let SetupMember(member) = SetupMember::from_request(request, body).await?;
        if member.signed_in.must_set_up_second_factor() {
            return Err(poem::Error::from_response(see_other(SECOND_FACTOR)));
        }
        Ok(member)
    }
}

impl<'a> FromRequest<'a> for SetupMember {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let visitor = Visitor::from_request(request, body).await?;
        match visitor.signed_in.clone() {
            // Accounts of services have no pages.
            Some(signed_in) if !signed_in.may(Scope::Profile) => Err(insufficient().into()),
            Some(signed_in) => Ok(Self(Member { signed_in, visitor })),
            None => Err(poem::Error::from_response(to_sign_in(request))),
        }
    }
}

impl<'a> FromRequest<'a> for SubmittedForm {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let verified = request.extensions().get::<Self>().cloned();
        Ok(verified.ok_or_else(Problem::internal)?)
    }
}

/// Redirects to the sign-in page, which returns to the requested page.
pub(super) fn to_sign_in(request: &Request) -> Response {
    let wanted = request
        .original_uri()
        .path_and_query()
        .map_or("", http::uri::PathAndQuery::as_str);
    let target = match return_to::safe(wanted) {
        safe if safe == wanted && safe != return_to::HOME => {
            let next = percent_encoding::utf8_percent_encode(safe, percent_encoding::NON_ALPHANUMERIC);
            format!("/sign-in?next={next}")
        }
        _ => "/sign-in".to_owned(),
    };
    see_other(&target)
}

//! Pages of mailed links. GET only shows a form, since mail scanners follow links, or that the link is invalid; POST uses it.

/// What the pages show.
mod page;

use crate::domain::accounts::outcome::{
    ChangeEmailOutcome, LinkOutcome, SetPasswordOutcome, UndoEmailOutcome,
};
use crate::http::accounts::fields::SecretText;
use crate::http::contract::problem::{Problem, TOO_MANY_ATTEMPTS};
use crate::http::web::flash::Flash;
use crate::http::web::form::Form;
use crate::http::web::query;
use crate::http::web::state::Web;
use crate::http::web::visitor::{SubmittedForm, Visitor};
use crate::types::client_info::ClientInfo;
use crate::types::field_error::FieldError;
use crate::types::link::LinkPurpose;
use crate::types::person_name::PersonName;
use http::StatusCode;
use page::{LinkPage, address_taken, invalid, redirect};
use poem::web::Data;
use poem::{Endpoint, FromRequest, Request, Response, handler};

/// Shows the page of a link with this purpose.
pub struct ShowLink(pub LinkPurpose);

impl ShowLink {
    async fn show(&self, visitor: &Visitor, web: &Web, request: &Request) -> Result<Response, Problem> {
        let Some(token) = query::find(request, "token")? else {
            return Err(Problem::invalid(vec![FieldError::query("token", "is missing")]));
        };
        match LinkPage::find(visitor, web, self.0, &token).await? {
            Some(page) => page.show(page.form(), StatusCode::OK),
            None => invalid(visitor, self.0),
        }
    }
}

impl Endpoint for ShowLink {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let visitor = Visitor::from_request_without_body(&request).await?;
        let Data(web) = Data::<&Web>::from_request_without_body(&request).await?;
        Ok(self.show(&visitor, web, &request).await?)
    }
}

/// Confirms the address.
#[handler]
pub async fn confirm(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token", "password"], &[])?;
    let token = fields.text("token");
    let Some(page) = LinkPage::find(&visitor, web, LinkPurpose::Confirm, token).await? else {
        return invalid(&visitor, LinkPurpose::Confirm);
    };
    let mut form = page.filled(&fields);
    let Some(password) = form.parse_non_empty::<SecretText>(&fields, "password") else {
        return page.show(form, StatusCode::BAD_REQUEST);
    };
    match web.accounts().confirm_email(token, password.0, &client).await? {
        LinkOutcome::Done => Ok(page.done(Flash::Confirmed)),
        LinkOutcome::NoSuchLink => page.invalid(),
        LinkOutcome::WrongPassword => {
            form.reject_field("password", "is not the one that was chosen for this address");
            page.show(form, StatusCode::FORBIDDEN)
        }
        LinkOutcome::TooManyAttempts(wait) => {
            form.reject_for("Too many attempts", wait);
            page.show_retry_after(form, TOO_MANY_ATTEMPTS, wait)
        }
    }
}

/// Confirms the new address.
#[handler]
pub async fn change_email(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token"], &[])?;
    let token = fields.text("token");
    let Some(page) = LinkPage::find(&visitor, web, LinkPurpose::ChangeEmail, token).await? else {
        return invalid(&visitor, LinkPurpose::ChangeEmail);
    };
    match web.accounts().change_email(token, &client).await? {
        ChangeEmailOutcome::Done => Ok(page.done(Flash::EmailChanged)),
        ChangeEmailOutcome::NoSuchLink => page.invalid(),
        ChangeEmailOutcome::Taken => address_taken(&visitor),
    }
}

/// Cancels or undoes the change.
#[handler]
pub async fn undo_email(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token"], &[])?;
    let token = fields.text("token");
    let Some(page) = LinkPage::find(&visitor, web, LinkPurpose::UndoEmail, token).await? else {
        return invalid(&visitor, LinkPurpose::UndoEmail);
    };
    match web.accounts().undo_email(token, &client).await? {
        UndoEmailOutcome::Cancelled => Ok(page.done(Flash::EmailUnchanged)),
        // Every session of the account has ended, and someone else may know the password.
        UndoEmailOutcome::Restored => Ok(redirect("/forgot", Flash::EmailRestored)),
        UndoEmailOutcome::NoSuchLink => page.invalid(),
        UndoEmailOutcome::Taken => address_taken(&visitor),
    }
}

/// Accepts the invitation.
#[handler]
pub async fn invitation(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token", "name", "password"], &[])?;
    let token = fields.text("token");
    let Some(page) = LinkPage::find(&visitor, web, LinkPurpose::Invite, token).await? else {
        return invalid(&visitor, LinkPurpose::Invite);
    };
    let mut form = page.filled(&fields);
    let name: Option<PersonName> = form.parse(&fields, "name");
    let password: Option<SecretText> = form.parse_non_empty(&fields, "password");
    let (Some(name), Some(password)) = (name, password) else {
        return page.show(form, StatusCode::BAD_REQUEST);
    };
    let accounts = web.accounts();
    let set = accounts.accept_invitation(token, name, password.0, &client);
    password_set(&page, form, set.await?)
}

/// Resets the password.
#[handler]
pub async fn reset(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    let fields = visitor.open(submitted, &["token", "password"], &[])?;
    let token = fields.text("token");
    let Some(page) = LinkPage::find(&visitor, web, LinkPurpose::Reset, token).await? else {
        return invalid(&visitor, LinkPurpose::Reset);
    };
    let mut form = page.filled(&fields);
    let Some(password) = form.parse_non_empty::<SecretText>(&fields, "password") else {
        return page.show(form, StatusCode::BAD_REQUEST);
    };
    let set = web.accounts().reset_password(token, password.0, &client);
    password_set(&page, form, set.await?)
}

fn password_set(page: &LinkPage<'_>, mut form: Form, set: SetPasswordOutcome) -> Result<Response, Problem> {
    match set {
        SetPasswordOutcome::Done => Ok(page.done(Flash::PasswordSet)),
        SetPasswordOutcome::NoSuchLink => page.invalid(),
        SetPasswordOutcome::Weak(weakness) => {
            form.reject_field("password", &weakness.to_string());
            page.show(form, StatusCode::BAD_REQUEST)
        }
    }
}

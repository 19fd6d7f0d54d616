//! The page of a mailed link: whose account it is, what the button does, and where the browser goes afterwards.

use crate::domain::accounts::link_owner::LinkOwner;
use crate::domain::sessions::caller::SignedIn;
use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, FLASH};
use crate::http::web::flash::Flash;
use crate::http::web::form::Form;
use crate::http::web::form::fields::Fields;
use crate::http::web::form::input::Input;
use crate::http::web::form::page::{FormPage, MessagePage, NavLink};
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::Visitor;
use crate::types::link::LinkPurpose;
use http::StatusCode;
use poem::Response;
use std::time::Duration;

const INVALID_TEXT: &[&str] = &[
    "It may be expired, already used, or replaced by a newer one. Make sure that you opened the complete link.",
];

const SIGN_IN: NavLink = NavLink {
    before: "",
    target: "/sign-in",
    text: "Sign in",
};

const RESEND: NavLink = NavLink {
    before: "",
    target: "/resend",
    text: "Send the link again",
};

const FORGOT: NavLink = NavLink {
    before: "",
    target: "/forgot",
    text: "Reset your password",
};

const CHANGE_EMAIL: NavLink = NavLink {
    before: "",
    target: "/my/account/email",
    text: "Change your address",
};

const CONFIRM_LINKS: &[NavLink] = &[NavLink {
    before: "Another password?",
    target: "/forgot",
    text: "Reset your password",
}];

/// The page of a valid link.
pub struct LinkPage<'a> {
    visitor: &'a Visitor,
    purpose: LinkPurpose,
    token: String,
    owner: LinkOwner,
}

impl<'a> LinkPage<'a> {
    /// The page of a link that could be used now. Does not use it.
    pub async fn find(
        visitor: &'a Visitor,
        web: &Web,
        purpose: LinkPurpose,
        token: &str,
    ) -> Result<Option<Self>, Problem> {
        let owner = web.accounts().find_link_owner(purpose, token).await?;
        Ok(owner.map(|owner| Self {
            visitor,
            purpose,
            token: token.to_owned(),
            owner,
        }))
    }

    /// The empty form.
    pub fn form(&self) -> Form {
        let (action, submit, inputs) = match self.purpose {
            LinkPurpose::Confirm => {
                let chosen = Input::password("Password", "current-password")
                    .with_hint("The one that you chose when you signed up");
                ("/confirm", "Yes, this is my address", vec![chosen])
            }
            LinkPurpose::ChangeEmail => ("/change-email", "Yes, this is my new address", Vec::new()),
            LinkPurpose::UndoEmail => ("/undo-email", "Keep my former address", Vec::new()),
            LinkPurpose::Invite => {
                let name = Input::text("name", "Your name", 200).with_autocomplete("name");
                let password = Input::new_password("New password");
                ("/invitation", "Accept the invitation", vec![name, password])
            }
            LinkPurpose::Reset => ("/reset", "Set this password", vec![Input::replacement_password()]),
        };
        let has_password = inputs.iter().any(Input::is_secret);
        let form =
            Form::new(action, self.visitor.csrf(), submit, inputs).with_hidden("token", self.token.as_str());
        if has_password {
            form.with_username(&self.owner.email)
        } else {
            form
        }
    }

    /// The form with the submitted values.
    pub fn filled(&self, fields: &Fields) -> Form {
        let mut form = self.form();
        form.refill(fields);
        form
    }

    /// The response with a form.
    pub fn show(&self, form: Form, status: StatusCode) -> Result<Response, Problem> {
        self.page(form).show(self.visitor, status)
    }

    /// The response with 429 and `Retry-After`.
    pub fn show_retry_after(
        &self,
        form: Form,
        kind: &'static str,
        wait: Duration,
    ) -> Result<Response, Problem> {
        self.page(form).show_retry_after(self.visitor, kind, wait)
    }

    /// The response after the link was used. Who is signed in as another user can sign out and use the account of the link.
    pub fn done(&self, flash: Flash) -> Response {
        let target = match self.visitor.signed_in() {
            Some(other) if self.is_foreign(other) => "/sign-out",
            // A reset has ended every session.
            Some(_) if self.purpose != LinkPurpose::Reset => return_to::HOME,
            _ => "/sign-in",
        };
        redirect(target, flash)
    }

    /// The response if the link became invalid in the meantime.
    pub fn invalid(&self) -> Result<Response, Problem> {
        invalid(self.visitor, self.purpose)
    }

    fn is_foreign(&self, signed_in: &SignedIn) -> bool {
        signed_in.account() != self.owner.account
    }

    fn page(&self, form: Form) -> FormPage {
        let email = &self.owner.email;
        let (title, intro) = match self.purpose {
            LinkPurpose::Confirm => (
                "Confirm your address",
                format!(
                    "Enter the password that you chose when you signed up with {email}. If someone else signed up with your \
                     address, reset the password instead: it confirms your address too."
                ),
            ),
            LinkPurpose::ChangeEmail => (
                "Confirm your new address",
                format!("You will sign in with {email} from then on."),
            ),
            LinkPurpose::UndoEmail => (
                "Keep your former address",
                format!(
                    "Your account keeps {email}. If the new address is confirmed already, you will be signed out everywhere."
                ),
            ),
            LinkPurpose::Invite => (
                "Welcome",
                format!("You are invited as {email}. Enter your name and choose a password."),
            ),
            LinkPurpose::Reset => (
                "Set a new password",
                format!(
                    "For the account {email}. You will be signed out everywhere and can sign in with the new password."
                ),
            ),
        };
        let mut page = FormPage::new(self.visitor, title, form).with_intro(intro);
        if let Some(other) = self.visitor.signed_in().filter(|who| self.is_foreign(who)) {
            page = page.with_intro(format!(
                "In this browser you are signed in to another account, {}. It does not change.",
                other.email()
            ));
        }
        match self.purpose {
            LinkPurpose::Confirm => page.with_links(CONFIRM_LINKS),
            LinkPurpose::ChangeEmail | LinkPurpose::UndoEmail | LinkPurpose::Invite | LinkPurpose::Reset => {
                page
            }
        }
    }
}

/// Redirects with a message after a link was used.
pub fn redirect(target: &str, flash: Flash) -> Response {
    let mut response = see_other(target);
    cookies::set(&mut response, FLASH, flash.as_str());
    response
}

/// 404 for a link that is used, void, expired or forged, with the ways to what it was for; the page does not say which.
pub fn invalid(visitor: &Visitor, purpose: LinkPurpose) -> Result<Response, Problem> {
    let ways: &[NavLink] = match purpose {
        LinkPurpose::Confirm => &[SIGN_IN, RESEND, FORGOT],
        LinkPurpose::Invite => &[SIGN_IN, RESEND],
        LinkPurpose::Reset => &[FORGOT, SIGN_IN],
        LinkPurpose::ChangeEmail => &[CHANGE_EMAIL, SIGN_IN],
        LinkPurpose::UndoEmail => &[SIGN_IN, FORGOT],
    };
    MessagePage::new(visitor, "This link does not work", INVALID_TEXT, ways)
        .show(visitor, StatusCode::NOT_FOUND)
}

/// 409 for an address that another account has by now.
pub fn address_taken(visitor: &Visitor) -> Result<Response, Problem> {
    let paragraphs = &["Another account uses this address now. Nothing was changed."];
    let page = MessagePage::new(visitor, "This address is taken", paragraphs, &[]);
    page.show(visitor, StatusCode::CONFLICT)
}

//! Signing out: revokes the session and clears the browser's copies of it.

use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, CSRF, FLASH, SESSION};
use crate::http::web::flash::Flash;
use crate::http::web::form::Form;
use crate::http::web::form::page::{FormPage, MessagePage, NavLink};
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{SubmittedForm, Visitor};
use crate::types::client_info::ClientInfo;
use http::{HeaderName, HeaderValue, StatusCode};
use poem::web::Data;
use poem::{Response, handler};

/// The page.
pub const PATH: &str = "/sign-out";

/// Clears cookies, and cached pages that the back button would show (W3C Clear Site Data).
const CLEAR_SITE_DATA: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""),
);

/// The same without cookies, which would include the flash message of this response: browsers clear them after they store
/// new ones.
const CLEAR_SITE_DATA_BUT_COOKIES: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"cache\", \"storage\""),
);

const LINKS: &[NavLink] = &[
    NavLink {
        before: "",
        target: "/sign-in",
        text: "Sign in again",
    },
    NavLink {
        before: "",
        target: "/",
        text: "Go to the start page",
    },
];

/// The confirmation for a signed-out visitor, the sign-out form for a member.
#[handler]
pub async fn show(visitor: Visitor) -> Result<Response, Problem> {
    match visitor.signed_in() {
        None => MessagePage::new(&visitor, "You are signed out", &["See you soon."], LINKS)
            .show(&visitor, StatusCode::OK),
        Some(signed_in) => {
            let form =
                Form::new(PATH, visitor.csrf(), "Sign out", Vec::new()).with_back(return_to::HOME, "Cancel");
            FormPage::new(&visitor, "Sign out?", form)
                .with_intro(format!("You are signed in as {}.", signed_in.email()))
                .show(&visitor, StatusCode::OK)
        }
    }
}

/// Signs out. The response is the same without a session.
#[handler]
pub async fn submit(
    visitor: Visitor,
    client: ClientInfo,
    submitted: SubmittedForm,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    visitor.open(submitted, &[], &[])?;
    if let Some(signed_in) = visitor.signed_in() {
        web.sessions().log_out(signed_in, &client).await?;
    }
    Ok(signed_out())
}

/// Redirects to the confirmation and clears the browser's data.
pub fn signed_out() -> Response {
    leave_to(PATH, CLEAR_SITE_DATA)
}

/// Redirects to the start page with a message after the session has ended, and clears the browser's data.
pub fn left(flash: Flash) -> Response {
    let mut response = leave_to("/", CLEAR_SITE_DATA_BUT_COOKIES);
    cookies::set(&mut response, FLASH, flash.as_str());
    response
}

fn leave_to(path: &str, clear: (HeaderName, HeaderValue)) -> Response {
    let mut response = see_other(path);
    cookies::clear(&mut response, SESSION);
    cookies::clear(&mut response, CSRF);
    response.headers_mut().extend([clear]);
    response
}

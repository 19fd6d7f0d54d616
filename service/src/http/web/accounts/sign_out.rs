//! Signing out: the session ends here, not only in the browser, and the browser is told to forget.

use crate::http::contract::problem::Problem;
use crate::http::web::cookies::{self, CSRF, SESSION};
use crate::http::web::form::Form;
use crate::http::web::form::page::{FormPage, Message, Way};
use crate::http::web::response::see_other;
use crate::http::web::return_to;
use crate::http::web::state::Web;
use crate::http::web::visitor::{Posted, Visitor};
use crate::types::client_info::ClientInfo;
use http::{HeaderName, HeaderValue, StatusCode};
use poem::web::Data;
use poem::{Response, handler};

const PATH: &str = "/sign-out";

/// What the browser is to forget (W3C Clear Site Data): pages that the button for going back would show, and cookies.
const FORGET: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"cache\", \"cookies\", \"storage\""),
);

const WAYS: &[Way] = &[
    Way {
        before: "",
        target: "/sign-in",
        text: "Sign in again",
    },
    Way {
        before: "",
        target: "/",
        text: "To the start page",
    },
];

/// The word that somebody is signed out; for whoever is not, the form that does it.
#[handler]
pub async fn show(visitor: Visitor) -> Result<Response, Problem> {
    match visitor.signed_in() {
        None => Message::new(&visitor, "You are signed out", &["See you soon."], WAYS)
            .show(&visitor, StatusCode::OK),
        Some(_) => {
            let form =
                Form::new(PATH, visitor.csrf(), "Sign out", Vec::new()).with_back(return_to::HOME, "Stay");
            FormPage::new(&visitor, "Sign out?", form).show(&visitor, StatusCode::OK)
        }
    }
}

/// Signs out. Whoever is not signed in has nothing to lose: they are answered alike.
#[handler]
pub async fn submit(
    visitor: Visitor,
    client: ClientInfo,
    posted: Posted,
    Data(web): Data<&Web>,
) -> Result<Response, Problem> {
    visitor.open(posted, &[], &[])?;
    if let Some(signed_in) = visitor.signed_in() {
        web.sessions().log_out(signed_in, &client).await?;
    }
    Ok(forget())
}

/// The way to the word that somebody is signed out; their browser is told to forget.
pub fn forget() -> Response {
    let mut response = see_other(PATH);
    cookies::clear(&mut response, SESSION);
    cookies::clear(&mut response, CSRF);
    response.headers_mut().extend([FORGET]);
    response
}

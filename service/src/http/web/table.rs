//! Paths of all pages but the index, which is an operation too: their methods and query parameters, as `Allow`, 405 and
//! unknown parameters go by them.

use crate::http::openapi::operations::{Beside, Kind};
use http::Method;

type Methods = &'static [(Method, &'static [&'static str])];

const SEND: Methods = &[(Method::POST, &[])];
const LOOK: Methods = &[(Method::GET, &[])];
const LINK: Methods = &[(Method::GET, &["token"]), (Method::POST, &[])];
const FORM: Methods = &[(Method::GET, &[]), (Method::POST, &[])];

/// The pages.
pub const PAGES: [Beside; 21] = [
    page("/sign-in", &[(Method::GET, &["next"]), (Method::POST, &[])]),
    page("/sign-out", FORM),
    page("/sign-up", FORM),
    page("/check-mail", LOOK),
    page("/resend", FORM),
    page("/forgot", FORM),
    page("/confirm", LINK),
    page("/change-email", LINK),
    page("/invitation", LINK),
    page("/reset", LINK),
    page("/my/account", LOOK),
    page("/my/account/name", FORM),
    page("/my/account/email", FORM),
    page("/my/account/password", FORM),
    page("/my/account/sign-out-everywhere", SEND),
    page("/my/account/delete", FORM),
    page("/my/wishes", &[(Method::GET, &["show", "after"])]),
    page("/my/wishes/new", FORM),
    page("/my/wishes/:id", FORM),
    page("/my/wishes/:id/done", SEND),
    page("/my/wishes/:id/delete", FORM),
];

const fn page(path: &'static str, methods: Methods) -> Beside {
    Beside {
        path,
        kind: Kind::Page,
        methods,
    }
}

//! The pages: HTML from the server, forms, no script. A page parses, calls one domain function, and answers a page or
//! a way on (303), as the operations do for programs.

/// One's own account.
pub mod account;

/// Changing it.
pub mod account_form;

/// Answers: a page, or a way on.
pub mod answer;

/// What stands around a page's content.
pub mod chrome;

/// Cookies with the `__Host-` prefix.
pub mod cookies;

/// Forged requests, and the token in each form that tells them apart.
pub mod csrf;

/// The page of a problem.
pub mod error_page;

/// Bodies of forms, parsed strictly.
pub mod fields;

/// Forms as they are shown.
pub mod form;

/// Pages that are a form, and pages that are a few words.
pub mod form_page;

/// The index.
pub mod index;

/// A field of a form.
pub mod input;

/// Pages that mailed links lead to.
pub mod links;

/// Asking for a mail.
pub mod mails;

/// Where somebody goes after signing in.
pub mod next;

/// The word about what was just done.
pub mod notice;

/// Query parameters of pages.
pub mod query;

/// Which page answers on which path.
pub mod routes;

/// Signing in.
pub mod sign_in;

/// Signing out.
pub mod sign_out;

/// Signing up.
pub mod sign_up;

/// What the pages need to know.
pub mod state;

/// Paths, methods and parameters of all pages.
pub mod table;

/// Who looks at a page.
pub mod visitor;

/// A new wish, a wish as it is, and its end.
pub mod wish_form;

/// The list of one's wishes.
pub mod wish_list;

/// How pages write what is no text by itself.
pub mod words;

//! Web pages: server-rendered HTML and forms, no script. A page parses, calls one domain function, and answers with a
//! page or a redirect (303).

/// Pages of accounts: sign-up, sign-in, mailed links, the member's own account.
pub mod accounts;

/// Cookies with the `__Host-` prefix.
pub mod cookies;

/// Protection against cross-site request forgery.
pub mod csrf;

/// Problems as pages.
pub mod error_page;

/// Messages shown once after a redirect.
pub mod flash;

/// Forms: as they are shown and as they are sent.
pub mod form;

/// Client names and users' texts.
pub mod format;

/// The index page.
pub mod index;

/// The header that all pages share.
pub mod page_frame;

/// Query parameters of pages.
pub mod query;

/// HTML responses and redirects.
pub mod response;

/// Where a member goes after signing in.
pub mod return_to;

/// What the pages need.
pub mod state;

/// Who requests a page: a visitor or a member.
pub mod visitor;

/// Pages of wishes.
pub mod wishes;

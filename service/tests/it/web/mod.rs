//! Pages in a browser.

/// The account pages.
mod account;

/// The files that pages use.
mod assets;

/// CSRF protection and strict forms.
mod forms;

/// The pages of mailed links.
mod mailed_links;

/// Forms, writing direction and times in the markup.
mod markup;

/// What all pages have in common.
mod pages;

/// Signing in with a code.
mod second_factor;

/// Signing in and out; the session cookie.
mod sessions;

/// Signing up, and requesting mails.
mod sign_up;

/// The wish list.
mod wishes;

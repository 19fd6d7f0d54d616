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

/// Forms whose CSRF token no longer fits.
mod outdated_forms;

/// What all pages have in common.
mod pages;

/// Forms that arrive twice.
mod repeated_forms;

/// Signing in with a code.
mod second_factor;

/// Signing in and out; the session cookie.
mod sessions;

/// Signing up, and requesting mails.
mod sign_up;

/// The wish list.
mod wishes;

//! The words in which the features are written, one file a noun.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a step is called with values, which it owns"
)]

/// Asking, and what every answer must be.
mod http;

/// Members of JSON answers.
mod json;

/// Who asks.
mod people;

/// Mails.
mod mail;

/// Accounts.
mod accounts;

/// Sessions.
mod sessions;

/// A second factor.
mod totp;

/// Rights, operation by operation.
mod rights;

/// Lists of users.
mod users;

/// Audit events.
mod audit;

/// Wishes.
mod wishes;

/// The demo.
mod demo;

/// Access tokens.
mod tokens;

/// What the edge adds to every answer.
mod edge;

/// The greeting, the version, the page.
mod front;

/// The documentation.
mod docs;

/// The probes.
mod health;

/// `/rates`.
mod rates;

/// `/ports`.
mod ports;

/// `/regions`.
mod regions;

/// The pages, in a browser.
mod web;

/// How they look.
mod looks;

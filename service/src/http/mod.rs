//! The edge: parse, call one domain function, map. Never opens a connection, never names a table.

/// Registering, confirming, forgotten passwords.
pub mod accounts;

/// How accounts are written and read by their owners.
mod accounts_body;

/// Fields that only accounts have.
mod accounts_fields;

/// One's own account.
pub mod accounts_own;

/// All operations and their routes.
pub mod api;

/// `/admin/audit`.
pub mod audit;

/// Who asks. Every operation takes one, first.
pub mod caller;

/// `/populate` and `/delete`.
pub mod demo;

/// The documentation page and its files.
pub mod docs;

/// The OpenAPI document.
pub mod document;

/// What every request passes on its way in, and every answer on its way out.
pub mod edge;

/// Parameters that are parsed without stopping at the first bad one.
pub mod field;

/// The text of a form.
pub mod form_text;

/// The greeting, the index page, the version.
pub mod front;

/// Live, ready, startup.
pub mod health;

/// `ETag` and `If-Match`.
pub mod if_match;

/// The internal listener's pages.
pub mod internal;

/// The mails in a developer's folder.
pub mod mail;

/// Content negotiation.
pub mod negotiate;

/// Path templates, methods and parameters, read from the OpenAPI document.
pub mod operations;

/// Pages of a list: limit, cursor, link.
pub mod page;

/// What people say of themselves, as fields.
pub mod person_fields;

/// `/ports`.
pub mod ports;

/// RFC 9457 problems.
pub mod problem;

/// `/rates`.
pub mod rates;

/// How a day's rate is written in each format.
pub mod rates_body;

/// What an operation may refuse with, for the document.
pub mod refusal;

/// `/regions`.
pub mod regions;

/// `/auth/login` and `/auth/refresh`.
pub mod sessions;

/// Strict form bodies.
pub mod strict_form;

/// One's own sessions, seen and ended.
pub mod sessions_own;

/// Strict JSON bodies.
pub mod strict_json;

/// The chapters of the document.
pub mod tags;

/// `/auth/totp`.
pub mod totp;

/// What `/auth/totp` takes and answers.
pub mod totp_body;

/// `/login`, `/validate`, `/introspect`, the published keys.
pub mod tokens;

/// Address and password in a request's header.
pub mod tokens_basic;

/// What is said of tokens and keys.
pub mod tokens_body;

/// `/user`.
pub mod users;

/// How users are written.
pub mod users_body;

/// `/users`, `/auth/admins`.
pub mod users_list;

/// The pages.
pub mod web;

/// What wishes are made of, as fields.
pub mod wish_fields;

/// `/wishes`.
pub mod wishes;

/// How wishes are written.
pub mod wishes_body;

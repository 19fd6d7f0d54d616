//! Adapters between poem-openapi and this API's contract; every noun uses them.

/// Callers that may be machine clients.
pub mod any_caller;

/// Callers: every operation takes one as its first argument.
pub mod auth;

/// Basic credentials.
pub mod basic;

/// Response descriptions of the problems that an operation may answer.
pub mod error_responses;

/// Parameters and body members that report every invalid value at once.
pub mod field;

/// The decoder of `application/x-www-form-urlencoded`.
pub mod form_urlencoded;

/// Header fields as arguments.
pub mod header_field;

/// Entity tags.
pub mod entity_tag;

/// `ETag` and `If-Match`.
pub mod if_match;

/// Content negotiation.
pub mod negotiate;

/// Page size, search text and the `Link` to the next page.
pub mod pagination;

/// RFC 9457 problems.
pub mod problem;

/// Responses that the edge leaves as they are.
pub mod rendered;

/// Strict form bodies.
pub mod strict_form;

/// Strict JSON bodies.
pub mod strict_json;

/// Bodies of updates, which accept what a GET returned.
pub mod update_json;

//! What every request passes on its way in and every response on its way out, in one place and one order.

/// The address of a request's client.
pub mod client_address;

/// Parses `Forwarded` and `X-Forwarded-For`.
mod forwarded;

/// Joins repeated `Accept` fields.
pub mod accept;

/// Reads bodies within a size and a time limit.
pub mod body;

/// Reads bodies part by part.
pub mod body_stream;

/// Transfer and content codings of requests.
pub mod codings;

/// Content codings of streamed responses.
pub mod compression;

/// Answers 304 to clients that have the current representation.
pub mod conditional;

/// Cross-origin requests.
pub mod cors;

/// Maps framework errors and bare statuses to problems.
pub mod error_mapping;

/// Limits on the size of the request head.
pub mod head_limits;

/// The allow-list of Host names.
pub mod hosts;

/// The order of all checks.
pub mod pipeline;

/// Entity tags and caching of public data.
pub mod public_data;

/// Finds undocumented query parameters.
pub mod query_params;

/// The rate limit per client address.
pub mod rate_limit;

/// Request id and trace context.
pub mod request_id;

/// What one request costs its client's quota.
pub mod request_quota;

/// The memory of unread responses.
pub mod response_budget;

/// Log events about requests that may be part of an attack.
pub mod security_events;

/// Security headers.
pub mod security_headers;

/// Responses that are produced while their clients read them.
pub mod streamed_response;

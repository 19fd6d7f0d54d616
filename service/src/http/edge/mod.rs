//! What every request passes on its way in, and every answer on its way out, in one place and one order.

/// Reads bodies: how much, how long.
pub mod body;

/// Cross-origin requests.
pub mod cors;

/// Turns whatever went wrong inside into a problem.
pub mod errors;

/// Security headers.
pub mod headers;

/// The names that this service answers to.
pub mod hosts;

/// Who this request is: its id and its trace.
pub mod identity;

/// How often one client may ask.
pub mod rate_limit;

/// The order of it all.
pub mod pipeline;

/// Size of the head, unknown parameters.
pub mod shape;

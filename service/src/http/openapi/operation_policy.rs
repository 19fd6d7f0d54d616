//! What the edge does differently for single operations: how it receives their bodies, and how many of their responses a client
//! may read at the same time.

use http::Method;
use poem_openapi::OpenApi;

/// How an operation receives its request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyRule {
    /// Whole, and of at most this many bytes instead of `BODY_LIMIT`.
    Buffered(usize),
    /// Part by part, through [`BodyStream`](crate::http::edge::body_stream::BodyStream).
    Streamed {
        /// Maximum size in bytes, as it is sent.
        limit: usize,
        /// The content codings that the operation decodes, as `Accept-Encoding` lists them.
        codings: &'static [&'static str],
    },
}

/// The exceptions of one operation.
#[derive(Clone, Copy, Debug)]
pub struct OperationPolicy {
    /// Its method. GET includes HEAD.
    pub method: &'static Method,
    /// Its path, as the OpenAPI document writes it.
    pub path: &'static str,
    /// `None`: the whole body, within `BODY_LIMIT`.
    pub body: Option<BodyRule>,
    /// The operation streams its responses: how many a client may be reading, of all operations, when another begins. `None`: its
    /// responses are buffered.
    pub streams_per_client: Option<usize>,
}

/// The operations of a listener, with their exceptions.
pub trait Operations: OpenApi {
    /// The exceptions, at most one for each operation.
    fn policies() -> Vec<OperationPolicy>;
}

//! What the edge does differently for single operations: how it receives their bodies, how many of their responses a client
//! may read at the same time, and who may cache them.

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
    /// Whether its responses are public data that caches may store: they get an entity tag.
    pub is_public_data: bool,
}

impl OperationPolicy {
    /// No exception.
    pub const fn of(method: &'static Method, path: &'static str) -> Self {
        Self {
            method,
            path,
            body: None,
            streams_per_client: None,
            is_public_data: false,
        }
    }

    /// GET of public data.
    pub const fn public_data(path: &'static str) -> Self {
        Self {
            is_public_data: true,
            ..Self::of(&Method::GET, path)
        }
    }
}

/// The operations of a listener, with their exceptions.
pub trait Operations: OpenApi {
    /// The exceptions, at most one for each operation.
    fn policies() -> Vec<OperationPolicy>;
}

//! The OpenAPI document, what is derived from it, and the pages that show it.

/// `/apidocs` and `/openapi.json`.
pub mod docs;

/// The OpenAPI document.
pub mod document;

/// What the edge does differently for single operations.
pub mod operation_policy;

/// Routes that the document does not list.
pub mod extra_route;

/// Paths, methods and query parameters of all routes.
pub mod route_table;

/// The tags of the document.
pub mod tags;

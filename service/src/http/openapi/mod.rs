//! The OpenAPI document, what is derived from it, and the pages that show it.

/// `/apidocs`, `/openapi.json` and the static files.
pub mod docs;

/// The OpenAPI document.
pub mod document;

/// Paths, methods and query parameters, read from the document.
pub mod operations;

/// The tags of the document.
pub mod tags;

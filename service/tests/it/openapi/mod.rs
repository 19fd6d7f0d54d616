//! The OpenAPI document and its viewer.

/// The OpenAPI document.
mod document;

/// The documentation page.
mod viewer;

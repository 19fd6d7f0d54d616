//! The pages: HTML from the server, forms, no script. A page parses, calls one domain function, and answers a page or
//! a way on (303), as the operations do for programs.

/// Answers: a page, or a way on.
pub mod answer;

/// What stands around a page's content.
pub mod chrome;

/// The page of a problem.
pub mod error_page;

/// The index.
pub mod index;

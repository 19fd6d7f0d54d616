//! Marks a response as complete, so that the edge does not replace an error by the problem of its status: a page, or an error in the
//! format of another protocol.

/// The mark.
#[derive(Clone, Copy, Debug)]
pub struct Rendered;

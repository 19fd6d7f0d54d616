//! Pages of wishes.

/// Creating, changing and deleting a wish.
pub mod form;

/// The list of the member's wishes.
pub mod list;

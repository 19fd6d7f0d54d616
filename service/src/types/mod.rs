//! The words everybody shares. Parse once, then trust: a value of these types is valid by construction.

/// The wall clock, read here and nowhere else.
pub mod clock;

/// A calendar day and a range of days.
pub mod day;

/// What is wrong with one field of a request, in words for its sender.
pub mod fault;

/// Ports and regions: the two kinds of place a rate can start or end at.
pub mod place;

//! The words everybody shares. Parse once, then trust: a value of these types is valid by construction.

/// An account: its number, and how far it has come.
pub mod account;

/// The wall clock, read here and nowhere else.
pub mod clock;

/// A calendar day and a range of days.
pub mod day;

/// An e-mail address.
pub mod email;

/// The hash of an audit event.
pub mod event_hash;

/// What is wrong with one field of a request, in words for its sender.
pub mod field_error;

/// What a mailed link is for.
pub mod link;

/// Ports and regions: the two kinds of place a rate can start or end at.
pub mod place;

/// Who is at the other end of a request.
pub mod client_info;

/// Characters that nobody sees.
pub mod default_ignorable;

/// A person's name.
pub mod person_name;

/// Roles and what each may do.
pub mod role;

/// The order of a list of users.
pub mod user_sort;

/// Which version of a thing somebody means to change.
pub mod version_precondition;

/// A wish.
pub mod wish;

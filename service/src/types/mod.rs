//! Shared value types. Parse once, then trust: a value of these types is valid by construction.

/// Access to the database.
#[cfg(feature = "access")]
pub mod access;

/// Why access to the database ended.
pub mod access_end;

/// Account ids and states.
pub mod account;

/// Machine clients and their credentials.
pub mod client;

/// The client that sent a request.
pub mod client_info;

/// The wall clock.
pub mod clock;

/// Versions of the data behind rates and places.
pub mod data_version;

/// Calendar days and ranges of days.
pub mod day;

/// Characters without a visible form.
pub mod default_ignorable;

/// E-mail addresses.
pub mod email;

/// Hashes of audit events.
pub mod event_hash;

/// Validation errors of request fields.
pub mod field_error;

/// Names of hosts.
pub mod host_name;

/// Purposes of mailed links.
pub mod link;

/// The size of a row on a page.
pub mod page_row;

/// Operators at the command line.
pub mod operator;

/// Ids that the database numbers.
pub mod number_id;

/// Names of persons.
pub mod person_name;

/// Ports and regions.
pub mod place;

/// The ids of a request.
pub mod request_id;

/// One line of visible text.
pub mod visible_line;

/// Roles and their scopes.
pub mod role;

/// Texts folded for searching.
pub mod search_key;

/// Trusted reverse proxies.
pub mod trusted_proxies;

/// Uploads of batches.
pub mod upload;

/// Sort orders of user lists.
pub mod user_sort;

/// Preconditions on the version of a resource.
pub mod version_precondition;

/// Wish ids, titles and notes.
pub mod wish;

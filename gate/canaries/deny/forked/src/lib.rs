//! A dependency from a repository.

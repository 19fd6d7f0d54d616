//! Comes from a repository.

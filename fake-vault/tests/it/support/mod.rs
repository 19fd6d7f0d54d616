//! What several tests need.

pub mod client;
pub mod issuer;
pub mod postgres;

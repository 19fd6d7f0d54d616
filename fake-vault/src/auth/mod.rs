//! Login methods.

mod approle;
mod claims;
mod jwt;
mod kubernetes;
mod lockout;
mod outcome;

pub(crate) use approle::AppRole;
pub(crate) use jwt::Jwt;
pub(crate) use kubernetes::{Kubernetes, Review};
pub(crate) use outcome::AuthOutcome;

//! Rego policies over Terraform plans.

mod fixtures;
mod policies;

pub use fixtures::{Expected, FixtureOutcome, Tested, run as test};
pub use policies::{Denial, Policies};

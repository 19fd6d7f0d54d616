//! Runs this same program as a child, over a tree of our choice: what it prints is kept, and a fault of it stays there.

use std::path::Path;

use super::super::job::Job;
use super::super::seen::Trouble;
use crate::run::Call;

/// This program, for the tree at `root`.
///
/// # Errors
/// `Broke` when the system does not say where we are.
pub fn call<'a>(job: &Job<'a>, root: &Path) -> Result<Call<'a>, Trouble> {
    let program = std::env::current_exe()?;
    Ok(Call::new(job.context(), program)
        .within(root)
        .envs([("XTASK_ROOT", root)]))
}

//! The stack of V3, V4 and V10: PostgreSQL, a fake Vault and the service, and the runs that more than one row needs.

use anyhow::{Context as _, Result};
use harness::context::Context;
use soak::runs::{self, Loss, Outcome};
use soak::vault_stack::{Plant, VaultStack};

/// Revocations of V4.
pub const REVOCATIONS: u32 = 3;

/// The stack with Vault, and the runs that more than one row needs.
pub struct RotationBench {
    /// The stack.
    pub stack: VaultStack,
    control: Option<Vec<Outcome>>,
    losses: Option<(Vec<Loss>, Outcome)>,
}

impl RotationBench {
    /// Starts PostgreSQL, the fake Vault and the release build of the service.
    pub fn start(context: &Context) -> Result<Self> {
        Ok(Self {
            stack: VaultStack::start(context, true)?,
            control: None,
            losses: None,
        })
    }

    /// The planned run with planted early revocations.
    pub fn control(&mut self) -> Result<&Vec<Outcome>> {
        if self.control.is_none() {
            self.control = Some(runs::planned(&mut self.stack, Plant::EarlyRevocations)?);
        }
        self.control.as_ref().context("the control did not run")
    }

    /// The run in which all leases in use are revoked.
    pub fn losses(&mut self) -> Result<&(Vec<Loss>, Outcome)> {
        if self.losses.is_none() {
            self.losses = Some(runs::unplanned_loss(&mut self.stack, REVOCATIONS)?);
        }
        self.losses.as_ref().context("no lease was revoked")
    }
}

//! Deploys with the real `az` and Terraform against a simulator of Azure, and with recorded output of `az`; and the root modules.

#![expect(clippy::unwrap_used, reason = "the whole crate is tests")]

mod app;
mod deploys;
mod environment;
mod interruptions;
mod login;
mod planning;
mod recorded;
mod refusals;
mod rollbacks;
mod root_modules;
mod simulator;

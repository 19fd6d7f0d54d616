//! A stateful simulator of Azure Resource Manager, Entra ID and Terraform's state, which the real `az` and Terraform use over TLS.
//! Each resource group is a world of its own, so tests can share one server and one login.

mod disruptions;
mod entra;
mod group;
mod handle;
mod resources;
mod server;
mod state;

pub use disruptions::{Disruption, Kind};
pub use entra::TENANT;
pub use handle::Simulator;
pub use resources::{Health, Outcome};
pub use server::shared;

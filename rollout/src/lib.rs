//! Deploys the service to Azure Container Apps with Terraform and `az`: a state machine, its journal, and the commands around it.

pub mod app_changes;
pub mod azure;
pub mod commands;
pub mod config;
pub mod drift;
pub mod driver;
pub mod evidence;
pub mod invocation;
pub mod journal;
pub mod machine;
mod migration;
pub mod plan_json;
pub mod planning;
pub mod polling;
pub mod rollback;
pub mod runner;
pub mod traffic;

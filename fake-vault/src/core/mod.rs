//! The server's core: state, the path of a request through it, and the operations that belong to no engine.

mod background;
mod credentials;
mod database_api;
mod injected_faults;
mod lease;
mod lease_api;
mod login;
mod mount;
mod mount_api;
mod pipeline;
mod policy_api;
mod quota;
mod quota_api;
mod request;
mod seal;
mod seal_api;
mod state;
mod static_credentials;
mod storage;
mod sys_api;
mod token_api;
mod token_roles;
mod vault;
mod wrapping;
mod wrapping_api;

pub(crate) use background::{run, sweep};
pub(crate) use injected_faults::{Effect, Rule};
pub(crate) use lease_api::end_lease_after;
pub(crate) use pipeline::{handle, redirect_to_clean_path};
pub(crate) use request::{Request, pairs as query_pairs};
pub(crate) use vault::{Node, Vault};

//! PostgreSQL, accounts, data and the service on this machine, and the commands that run them.

pub mod accounts;
pub mod browser;
pub mod commands;
pub mod local_stack;
mod log_secret_scan;
mod log_tail;
pub mod paths;
mod postgres;
pub mod psql;
pub mod server_process;
pub mod service;
mod state;
pub mod vault;

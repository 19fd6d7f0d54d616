//! `fake-vault`: runs a server until standard input is closed, and prints its addresses, root token and unseal keys as JSON.

use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use fake_vault::{FakeVault, Options};
use serde_json::json;

/// A Vault server for tests, which ends when standard input is closed.
#[derive(Parser)]
struct Args {
    /// The port on 127.0.0.1; any free one when 0
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Start uninitialised
    #[arg(long)]
    empty: bool,
    /// A file for the state: a server that starts with it again has what the killed one had, and is sealed
    #[arg(long)]
    state: Option<PathBuf>,
    /// How many seconds a request may wait for PostgreSQL
    #[arg(long, default_value_t = 90)]
    max_request_seconds: u64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let server = FakeVault::start(&Options {
        port: args.port,
        ready: !args.empty,
        max_request_duration: Duration::from_secs(args.max_request_seconds),
        state: args.state,
    })?;
    let output = json!({
        "address": format!("http://{}", server.address()),
        "standby_address": format!("http://{}", server.standby_address()),
        "root_token": server.root_token(),
        "unseal_keys": server.unseal_keys(),
    });
    println!("{output}");
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    Ok(())
}

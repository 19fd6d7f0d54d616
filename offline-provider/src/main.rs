//! `offline-provider`: serves until standard input is closed, and prints Terraform's environment as a JSON object on one line.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use harness::exit;
use harness::output::print;
use offline_provider::{Drift, OfflineProvider, SchemaFile};

/// A Terraform provider that knows only a schema, which ends when standard input is closed.
#[derive(Parser)]
#[command(bin_name = "cargo xtask offline-provider")]
struct Args {
    /// The output of `terraform providers schema -json`, whole or cut
    #[arg(long, env = "PORTCULLIS_AZURERM_SCHEMA")]
    schema: PathBuf,
    /// Changes made by hand to report: `{"TYPE": {"template.0.max_replicas": 99}}`
    #[arg(long, value_name = "JSON")]
    drift: Option<String>,
}

fn main() -> ExitCode {
    exit::code_of(run(&exit::parse_arguments()))
}

fn run(args: &Args) -> Result<()> {
    let drift: Drift = match &args.drift {
        Some(json) => serde_json::from_str(json).context("--drift")?,
        None => Drift::new(),
    };
    let provider = OfflineProvider::start(SchemaFile::read(&args.schema)?, &drift)?;
    print(&serde_json::to_string(&provider.environment())?);
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    Ok(())
}

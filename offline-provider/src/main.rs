//! `offline-provider`: serves until standard input is closed, and prints Terraform's environment as a JSON object on one line.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use offline_provider::{Drift, OfflineProvider, SchemaFile};

/// A Terraform provider that knows only a schema, which ends when standard input is closed.
#[derive(Parser)]
struct Args {
    /// The output of `terraform providers schema -json`, whole or cut
    #[arg(long, env = "PORTCULLIS_AZURERM_SCHEMA")]
    schema: PathBuf,
    /// Changes made by hand to report: `{"TYPE": {"template.0.max_replicas": 99}}`
    #[arg(long, value_name = "JSON")]
    drift: Option<String>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let drift: Drift = match &args.drift {
        Some(json) => serde_json::from_str(json).context("--drift")?,
        None => Drift::new(),
    };
    let provider = OfflineProvider::start(SchemaFile::read(&args.schema)?, &drift)?;
    let environment = serde_json::to_string(&provider.environment())?;
    writeln!(std::io::stdout(), "{environment}")?;
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input)?;
    Ok(())
}

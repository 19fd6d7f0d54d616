//! `cargo xtask report`: makes the report's files again from a `report.json`; runs no gate.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::Press;
use super::model::Report;
use crate::context::Context;
use crate::gate::lock;
use crate::gate::redact::Redactor;
use crate::progress::say;

/// Options of `cargo xtask report`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The `report.json` of a run [default: the last one's]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// Writes `target/report/`.
///
/// # Errors
/// When there is no such file, or the report cannot be written.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let _one_at_a_time = lock::take(context)?;
    let last = context.settings.target.join("report").join("report.json");
    let from = options.from.clone().unwrap_or(last);
    let text = fs::read_to_string(&from).with_context(|| format!("no report {}", from.display()))?;
    let report: Report = serde_json::from_str(&text).with_context(|| from.display().to_string())?;
    let press = Press {
        settings: &context.settings,
        // It was washed when it was written.
        redactor: Redactor::default(),
        scratch: None,
        files: from.parent().unwrap_or(&from).to_owned(),
    };
    let folder = press.publish(report)?;
    say(&format!("report: {}", folder.join("index.html").display()));
    Ok(())
}

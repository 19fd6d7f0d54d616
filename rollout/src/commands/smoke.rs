//! `deploy smoke`: the smoke test against an environment.

use anyhow::Result;
use clap::Args;
use harness::context::Context;
use harness::output::print;

use crate::commands::options::{EnvironmentArgs, Terraform};
use crate::commands::outputs::outputs;
use crate::invocation::{self, Program};
use crate::plan_json;
use crate::runner::{Processes, Runner as _};

/// Options of `deploy smoke`.
#[derive(Debug, Args)]
pub struct Options {
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// The address [default: that of the app, from Terraform's outputs]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    #[command(flatten)]
    terraform: Terraform,
}

pub(crate) fn run(context: &Context, options: &Options) -> Result<()> {
    let config = options.environment.read(context)?;
    let url = match &options.base_url {
        Some(url) => url.clone(),
        None => {
            let runner = Processes::find(context, &[Program::Terraform], None)?;
            let files = options.terraform.files()?;
            let outputs = outputs(&runner, &files.module(&config))?;
            format!("https://{}", plan_json::output(&outputs, "app_fqdn")?)
        }
    };
    let runner = Processes::find(context, &[], None)?;
    let ended = runner.run(&invocation::smoke(&config.smoke, &url), &[0])?;
    print(ended.stdout.trim_end());
    Ok(())
}

//! `cargo xtask bdd`: the features against a server that it starts, or against one that runs; never tests anything
//! itself.

use anyhow::{Result, bail};
use clap::Args;

use crate::context::Context;
use crate::counts::Counts;
use crate::ending::Ending;
use crate::postgres::Choice;
use crate::progress::{Progress, say};
use crate::run::Call;
use crate::stage::{Plan, Stage};

/// Options of `bdd`.
#[derive(Debug, Args)]
pub struct Options {
    /// Test the server that answers here instead of starting one
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// For the features' own program, as in `-- --tags @rates`
    #[arg(last = true)]
    args: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// When a scenario fails or none ran.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let counts = match &options.base_url {
        Some(url) => features(context, url, None, &options.args)?,
        None => against_a_stage(context, &Choice::or_from(None, context)?, &options.args)?,
    };
    if counts.is_good() {
        return Ok(());
    }
    say(&format!("the features failed: {counts}"));
    Err(Ending::Told.into())
}

/// Starts everything, runs the features, stops everything.
///
/// # Errors
/// When the stage cannot be set.
pub fn against_a_stage(context: &Context, postgres: &Choice, args: &[String]) -> Result<Counts> {
    let plan = Plan {
        postgres: postgres.clone(),
        ..Plan::temporary(context, "bdd")?
    };
    let mut progress = Progress::of(plan.steps());
    let mut stage = Stage::start(context, plan, &mut progress)?;
    let Some(serving) = stage.serving() else {
        bail!("the service does not run")
    };
    let (internal, log) = (serving.internal_port, serving.log.clone());
    let counts = features(context, &stage.base_url(), Some(internal), args);
    stage.stop()?;
    if !counts.as_ref().is_ok_and(Counts::is_good) {
        say(&format!("the service's log: {}", log.display()));
    }
    counts
}

fn features(context: &Context, base_url: &str, internal: Option<u16>, args: &[String]) -> Result<Counts> {
    let mut call = Call::cargo(context)
        .args([
            "run",
            "--quiet",
            "--package",
            "features",
            "--",
            "--base-url",
            base_url,
        ])
        .args(args);
    if let Some(port) = internal {
        call = call.envs([("XTASK_INTERNAL_URL", format!("http://127.0.0.1:{port}"))]);
    }
    let mut counts = Counts::default();
    let status = call.lines(|line| {
        say(line);
        counts.read(line);
    })?;
    if !status.success() && counts.failed == 0 {
        say(&format!(
            "the features' program failed without a failed scenario ({status})"
        ));
        counts.failed = 1;
    }
    Ok(counts)
}

//! `cargo xtask bdd`: the features against a server that it starts, or against one that runs; never tests anything
//! itself.

use anyhow::{Result, bail};
use clap::Args;

use crate::browser::Browser;
use crate::context::Context;
use crate::counts::Counts;
use crate::ending::Ending;
use crate::postgres::Choice;
use crate::progress::{Progress, say};
use crate::run::Call;
use crate::service::Variables;
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

/// What came of the features.
#[derive(Debug, Default)]
pub struct Told {
    /// How many passed, failed and were left out.
    pub counts: Counts,
    not_run: Vec<String>,
}

impl Told {
    /// One line for each kind of scenarios that could not run, with what would help: left out is never passed.
    pub fn say_what_did_not_run(&self) {
        self.not_run
            .iter()
            .for_each(|what| say(&format!("not run: {what}")));
    }
}

/// Runs it.
///
/// # Errors
/// When a scenario fails or none ran.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let told = match &options.base_url {
        Some(url) => features(context, url, Variables::new(), &options.args)?,
        None => against_a_stage(context, &Choice::or_from(None, context)?, &options.args)?,
    };
    told.say_what_did_not_run();
    if told.counts.is_good() {
        return Ok(());
    }
    say(&format!("the features failed: {}", told.counts));
    Err(Ending::Told.into())
}

/// Starts everything, runs the features, stops everything.
///
/// # Errors
/// When the stage cannot be set.
pub fn against_a_stage(context: &Context, postgres: &Choice, args: &[String]) -> Result<Told> {
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
    let mut variables = stage.portcullis.for_features();
    let internal = format!("http://127.0.0.1:{internal}");
    variables.push(("XTASK_INTERNAL_URL".into(), internal.into()));
    let told = features(context, &stage.base_url(), variables, args);
    stage.stop()?;
    if !told.as_ref().is_ok_and(|told| told.counts.is_good()) {
        say(&format!("the service's log: {}", log.display()));
    }
    told
}

fn features(context: &Context, base_url: &str, variables: Variables, args: &[String]) -> Result<Told> {
    let browser = Browser::start(context)?;
    let call = Call::cargo(context)
        .args([
            "run",
            "--quiet",
            "--package",
            "features",
            "--",
            "--base-url",
            base_url,
        ])
        .args(browser.options())
        .args(args)
        .envs(variables);
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
    Ok(Told {
        counts,
        not_run: browser.not_run.clone(),
    })
}

//! `cargo xtask test`: every test with a private PostgreSQL, then the features, and one closing line; never tests
//! anything itself.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;
use private_postgres::Cluster;

use crate::bdd::{self, Told};
use crate::context::Context;
use crate::counts::Counts;
use crate::ending::Ending;
use crate::leaks;
use crate::needs;
use crate::postgres::{self, Choice};
use crate::progress::{Progress, say};
use crate::run::Call;

/// Options of `test`.
#[derive(Debug, Args)]
pub struct Options {
    /// Test with this PostgreSQL major, 13 to 18 [default: what the machine has]
    #[arg(long, value_name = "MAJOR")]
    postgres: Option<Choice>,
    /// Only tests whose names hold this text; then the features are left out. Options of the test programs work too
    #[arg(last = true, value_name = "FILTER")]
    filter: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// When a test fails or none ran.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let choice = Choice::or_from(options.postgres.clone(), context)?;
    let logs = leaks::empty_directory(context)?;
    let mut counts = cargo_tests(context, &choice, &options.filter, &logs)?;
    counts.add(secrets_in(&logs, options.filter.is_empty())?);
    let mut told = Told::default();
    if options.filter.is_empty() {
        match bdd::against_a_stage(context, &choice, &[]) {
            Ok(more) => {
                counts.add(more.counts);
                told = more;
            }
            Err(error) if error.is::<Ending>() => return Err(error),
            Err(error) => {
                say(&format!("the features did not run: {error:#}"));
                counts.failed += 1;
            }
        }
    }
    told.say_what_did_not_run();
    if counts == Counts::default() {
        say("no test ran");
    }
    say(&counts.to_string());
    if counts.is_good() {
        Ok(())
    } else {
        Err(Ending::Told.into())
    }
}

/// Looks through what the tests have logged for the secrets that they used: one more test. In a whole run there must be
/// something to look through.
fn secrets_in(logs: &Path, whole: bool) -> Result<Counts> {
    let found = leaks::in_directory(logs)?;
    let mut failed = leaks::tell(&found);
    if whole && (found.lines < 1000 || found.secrets < 100) {
        say("the tests' logs and secrets were not kept: nothing was looked through");
        failed += 1;
    }
    Ok(Counts {
        passed: u64::from(failed == 0),
        failed,
        skipped: 0,
    })
}

fn cargo_tests(context: &Context, choice: &Choice, filter: &[String], logs: &Path) -> Result<Counts> {
    let mut progress = Progress::of(3);
    let features = needs::features(context)?;
    let features: Vec<String> = features
        .iter()
        .map(|feature| format!("--features=portcullis/{feature}"))
        .collect();
    let cargo = || {
        Call::cargo(context)
            .args(["test", "--workspace", "--no-fail-fast"])
            .args(features.clone())
    };
    progress.step("building all tests", || {
        cargo().args(["--no-run", "--quiet"]).stream_ok()?;
        Ok(((), "built".to_owned()))
    })?;
    let cluster = progress.step("starting PostgreSQL", || {
        let programs = postgres::programs(context, choice.major(None)?)?;
        let cluster = Cluster::temporary(&programs, false, &[], &context.stop.for_postgres());
        context.stop.check()?;
        let cluster = cluster.context("no PostgreSQL to test with")?;
        let outcome = format!(
            "PostgreSQL {} on {}:{}",
            programs.version,
            cluster.host(),
            cluster.port()
        );
        Ok((cluster, outcome))
    })?;
    let told = [
        ("PORTCULLIS_TEST_POSTGRES", cluster.conninfo().into()),
        (
            "PORTCULLIS_TEST_POSTGRES_BIN",
            cluster.options().programs.bin.clone().into_os_string(),
        ),
        ("PORTCULLIS_TEST_LOGS", logs.as_os_str().to_owned()),
        ("XTASK_ROOT", context.settings.root.clone().into_os_string()),
    ];
    progress.step("running the tests", || {
        let mut counts = Counts::default();
        let status = cargo().args(["--"]).args(filter).envs(told).lines(|line| {
            say(line);
            counts.read(line);
        })?;
        if !status.success() && counts.failed == 0 {
            say(&format!("cargo test failed without a failed test ({status})"));
            counts.failed = 1;
        }
        Ok((counts, counts.to_string()))
    })
}

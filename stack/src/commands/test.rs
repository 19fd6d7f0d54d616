//! `cargo xtask test`: every test with a private PostgreSQL, then the features, and a closing line with the counts.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{Progress, print};
use harness::process::command::Command;
use harness::test_results::counts::Counts;
use harness::test_results::libtest::{CARGO_TEST, Reader};
use harness::test_results::record::{self, Part};

use crate::commands::bdd::{self, BddOutcome};
use crate::commands::test_postgres;
use crate::commands::vault_contract;
use crate::log_secret_scan;
use crate::postgres::Choice;
use crate::postgres::server::Server;
use crate::service::build;

/// libtest's variable.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

#[derive(Debug, Args)]
pub struct Options {
    /// Test with this PostgreSQL major, 13 to 18 [default: what the machine has]
    #[arg(long, value_name = "MAJOR")]
    postgres: Option<Choice>,
    /// Also compare this OpenBao or Vault with the fake one: VAULT_TOKEN may configure it, and it reaches this machine
    #[arg(long, value_name = "URL")]
    vault: Option<String>,
    /// Only tests whose names hold this text; then the features are left out. Options of the test programs work too
    #[arg(last = true, value_name = "FILTER")]
    filter: Vec<String>,
}

pub fn run(context: &Context, options: &Options) -> Result<()> {
    let choice = Choice::or_from(options.postgres.clone(), context)?;
    let whole = options.filter.is_empty();
    let tree = whole.then(|| record::begin(context)).flatten();
    let logs = log_secret_scan::empty_directory(context)?;
    let (mut tests, mut not_run) = cargo_tests(context, &choice, &options.filter, &logs)?;
    if let Some(url) = &options.vault {
        vault_contract::run(context, &choice, url, &mut tests)?;
    }
    let scan = log_secret_scan::in_directory(&logs)?;
    log_secret_scan::report(&scan);
    if let Some(leak) = scan.leaks.first() {
        tests.add_problem(format!(
            "there are secrets in the tests' logs, the first in {leak}"
        ));
    }
    if whole && (scan.lines < 1000 || scan.secrets < 100) {
        tests.add_problem("the tests left no logs or secrets to search".to_owned());
    }
    let mut features = BddOutcome::default();
    if whole {
        match bdd::against_a_local_stack(context, &choice, &[]) {
            Ok(outcome) => features = outcome,
            Err(error) if error.is::<Exit>() => return Err(error),
            Err(error) => {
                let problem = format!("the features did not run: {error:#}");
                features.scenarios.add_problem(problem);
            }
        }
    }
    not_run.extend(features.not_run);
    not_run.iter().for_each(|what| print(&format!("not run: {what}")));
    let mut counts = tests.total();
    counts.add(features.scenarios.total());
    if counts == Counts::default() {
        print("no test ran");
    }
    // Repeated here: the run prints thousands of lines, and CI may keep only the last ones.
    let failures = [tests.failures(), features.scenarios.failures()].concat();
    failures.iter().for_each(|failure| print(failure));
    record::end(context, tree, tests, features.scenarios, not_run)?;
    print(&counts.to_string());
    if counts.is_good() {
        Ok(())
    } else {
        Err(Exit::AlreadyReported.into())
    }
}

fn cargo_tests(
    context: &Context,
    choice: &Choice,
    filter: &[String],
    logs: &Path,
) -> Result<(Part, Vec<String>)> {
    let mut progress = Progress::of(3);
    let features = build::features(context)?.into_iter();
    let features = features.map(|feature| format!("--features=portcullis/{feature}"));
    let cargo = || Command::cargo(context).args(CARGO_TEST).args(features.clone());
    progress.step("building all tests", || {
        cargo().args(["--no-run", "--quiet"]).stream()?;
        Ok(((), "built"))
    })?;
    let cluster = progress.step("starting PostgreSQL", || {
        let cluster = test_postgres::start(context, choice)?;
        let (version, server) = (&cluster.options().programs.version, Server::from(&cluster));
        let outcome = format!("PostgreSQL {version} on {server}");
        Ok((cluster, outcome))
    })?;
    let mut variables = test_postgres::variables(context, &cluster);
    variables.insert("PORTCULLIS_TEST_LOGS", logs.display().to_string());
    // Most tests wait for a server: with libtest's one thread a processor, processors are idle.
    if !context.settings.variables.iter().any(|name| name == TEST_THREADS) {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        variables.insert(TEST_THREADS, (2 * processors).to_string());
    }
    progress.step("running the tests", || {
        let mut reader = Reader::default();
        // Cargo prints on standard error which program runs.
        let command = cargo().args(["--color=never", "--"]).args(filter).envs(variables);
        let status = command.all_lines(|line| {
            print(line);
            reader.read(line);
        })?;
        let not_run = reader.not_run();
        let mut tests = reader.tests;
        if !status.success() && tests.counts.failed == 0 {
            tests.add_problem(format!("cargo test failed without a failed test ({status})"));
        }
        let counts = tests.counts;
        Ok(((tests, not_run), counts))
    })
}

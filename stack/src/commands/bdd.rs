//! `cargo xtask bdd`: runs the features against a service that it starts, or against a running one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use harness::context::Context;
use harness::exit::Exit;
use harness::output::{Progress, print};
use harness::process::command::{Command, EnvVars};
use harness::test_results::record::{self, Part};

use crate::accounts::{self, Account};
use crate::browser::Browser;
use crate::local_stack::{LocalStack, Plan};
use crate::log_secret_scan::{self, Secrets};
use crate::paths::StackPaths;
use crate::postgres::Choice;
use crate::state::State;
use crate::state::files::Running;
use crate::vault::{self, Scope};

/// Cargo's arguments for the features' program; its own arguments follow. After the tests most of it is built already.
const PROGRAM: [&str; 2] = ["xtask", "features"];

#[derive(Debug, Args)]
pub struct Options {
    /// Test the server that answers here instead of starting one
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The state directory of the `up` that it belongs to, for scenarios with mails and accounts [default: .portcullis
    /// in the repository]
    #[arg(long, value_name = "DIR", requires = "base_url")]
    state: Option<PathBuf>,
    /// For the features' own program, as in `-- --tags @rates`
    #[arg(last = true)]
    args: Vec<String>,
}

/// The result of a run of the features.
#[derive(Debug, Default)]
pub struct BddOutcome {
    /// Secrets in logs are a problem.
    pub scenarios: Part,
    /// Kinds of scenarios that could not run, and why.
    pub not_run: Vec<String>,
}

impl BddOutcome {
    /// Prints the kinds of scenarios that could not run.
    pub fn print_not_run(&self) {
        for what in &self.not_run {
            print(&format!("not run: {what}"));
        }
    }
}

pub fn run(context: &Context, options: &Options) -> Result<()> {
    let outcome = match &options.base_url {
        Some(url) => {
            let known = of_running(context, url, options.state.as_deref())?;
            features(context, url, known, &options.args)?
        }
        None => against_a_local_stack(context, &Choice::or_from(None, context)?, &options.args)?,
    };
    outcome.print_not_run();
    if outcome.scenarios.is_good() {
        return Ok(());
    }
    print(&format!("the features failed: {}", outcome.scenarios.total()));
    Err(Exit::AlreadyReported.into())
}

/// Starts everything, runs the features, stops everything.
pub fn against_a_local_stack(context: &Context, postgres: &Choice, args: &[String]) -> Result<BddOutcome> {
    // A given server may require certificates that a Vault would need too.
    let with_vault = !matches!(postgres, Choice::Given(_));
    let mut plan = Plan {
        postgres: postgres.clone(),
        postgres_settings: vault::audit_settings(context, postgres)?,
        serve: !with_vault,
        ..Plan::temporary(context, "bdd")?
    };
    let audited = !plan.postgres_settings.is_empty();
    // The log is searched for secrets afterwards.
    plan.service_settings
        .push(("PORTCULLIS_LOG".into(), "debug".into()));
    let mut progress = Progress::of(plan.steps() + 2 * usize::from(with_vault));
    let mut stack = LocalStack::start(context, plan, &mut progress)?;
    let vault = with_vault
        .then(|| vault::serve(context, &mut stack, &mut progress, Scope::Everything))
        .transpose()?;
    let log = stack.serving()?.log.clone();
    let portcullis = &stack.portcullis;
    let mut variables = for_features(&portcullis.accounts()?, portcullis.mail_folder());
    variables.push(("XTASK_INTERNAL_URL".into(), stack.internal_url().into()));
    if let Some(vault) = &vault {
        variables.push(("XTASK_ACCESS".into(), "true".into()));
        variables.push(("XTASK_KEYS_PROGRAM".into(), portcullis.program().into()));
        variables.extend(vault::keys_settings(vault, &stack)?);
    }
    if audited {
        variables.push(("XTASK_ACCESS_LOGINS".into(), "true".into()));
    }
    let used = portcullis.secrets_directory().with_extension("used");
    variables.push(("XTASK_SECRETS".into(), used.clone().into()));
    let mut secrets = Secrets::default();
    secrets.add_files(portcullis.secrets_directory())?;
    let outcome = features(context, &stack.base_url(), variables, args);
    if used.exists() {
        secrets.add_list(&used)?;
    }
    stack.stop()?;
    // The service revokes its logins when it stops.
    drop(vault);
    let print_log = || print(&format!("the service's log: {}", log.display()));
    let mut outcome = outcome.inspect_err(|_| print_log())?;
    let scan = log_secret_scan::in_logs(&secrets, std::slice::from_ref(&log))?;
    if log_secret_scan::report(&scan) > 0 {
        let problem = "there are secrets in the service's log";
        outcome.scenarios.add_problem(problem.to_owned());
    }
    if !outcome.scenarios.is_good() {
        print_log();
    }
    Ok(outcome)
}

/// Accounts and mails of the `up` that serves at this URL; nothing for any other service.
fn of_running(context: &Context, url: &str, state: Option<&Path>) -> Result<EnvVars> {
    let state = State::at(state, &context.settings.root)?;
    let running = Running::read(&state).filter(|running| running.alive().is_some());
    let url = url.trim_end_matches('/');
    let is_at_url = |host: &str, port: u16| url == format!("http://{host}:{port}");
    let hosts = ["127.0.0.1", "localhost"];
    if !running.is_some_and(|running| hosts.iter().any(|host| is_at_url(host, running.port))) {
        return Ok(EnvVars::new());
    }
    let paths = StackPaths::permanent(state.directory(), state.data()?);
    Ok(for_features(&accounts::in_secrets(&paths.secrets)?, &paths.mail))
}

/// The environment of the features' program.
fn for_features(accounts: &[Account], mail_folder: &Path) -> EnvVars {
    let mut variables = vec![
        ("XTASK_MAIL_FOLDER".into(), mail_folder.into()),
        ("XTASK_UPLOADS".into(), "true".into()),
    ];
    for account in accounts {
        let name = format!("XTASK_{}", account.role.to_uppercase());
        variables.push((
            name.into(),
            format!("{}:{}", account.email, account.password).into(),
        ));
    }
    variables
}

fn features(context: &Context, base_url: &str, variables: EnvVars, args: &[String]) -> Result<BddOutcome> {
    let browser = Browser::start(context)?;
    let report = context.settings.target.join("xtask").join("scenarios.jsonl");
    let _of_an_earlier_run = fs::remove_file(&report);
    let command = Command::cargo(context)
        .args(PROGRAM)
        .args(["--base-url", base_url])
        .args(["--report".as_ref(), report.as_os_str()])
        .args(browser.options())
        .args(args)
        .envs(variables);
    let mut scenarios = Part::default();
    let status = command.lines(|line| {
        print(line);
        scenarios.counts.read(line);
    })?;
    scenarios.cases = record::read_scenarios(&report)?;
    if !status.success() && scenarios.counts.failed == 0 {
        let problem = format!("the features' program failed without a failed scenario ({status})");
        scenarios.add_problem(problem);
    }
    Ok(BddOutcome {
        scenarios,
        not_run: browser.not_run,
    })
}

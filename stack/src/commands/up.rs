//! `cargo xtask up`: from a bare checkout to a running service. It stops everything on Ctrl-C, unless `--detach` is given.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use harness::context::Context;
use harness::output::{Progress, print};
use harness::ports::{self, PUBLIC};
use harness::process::shutdown::TICK;
use private_postgres::processes::Identity;
use private_postgres::{Cluster, MAJORS, data, orphan};

use crate::local_stack::{self, Load, LocalStack, Plan};
use crate::log_tail::{self, Tail};
use crate::paths::StackPaths;
use crate::postgres::Choice;
use crate::service::{self, build};
use crate::state::State;
use crate::state::files::{Loaded, Running};
use crate::state::stale_processes;

#[derive(Debug, Args)]
pub struct Options {
    /// The port on 127.0.0.1; the internal listener moves with it
    #[arg(long, default_value_t = PUBLIC, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Directory for data, secrets and logs [default: .portcullis in the repository]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Load this legacy dump instead of the demo data
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// Return once it is ready; `cargo xtask down` stops it
    #[arg(long)]
    detach: bool,
    /// Build with optimisations
    #[arg(long)]
    release: bool,
    /// A PostgreSQL major (13 to 18), or postgres://user:password@host:port/ of a server with an admin login
    #[arg(long, value_name = "URL|MAJOR")]
    postgres: Option<Choice>,
}

pub fn run(context: &Context, options: &Options) -> Result<()> {
    let dump = options.dump.as_ref().map(readable).transpose()?;
    let choice = Choice::or_from(options.postgres.clone(), context)?;
    let state = State::at(options.state.as_deref(), &context.settings.root)?;
    state.create()?;
    let lock = state.lock()?;
    stale_processes::reap(&state)?;
    ports::ensure_free(options.port, "--port")?;
    let internal_port = ports::internal(options.port)?;

    let data = state.data()?;
    ensure_complete(&data)?;
    ensure_major(&choice, data::major(&data))?;
    let paths = StackPaths::permanent(state.directory(), data);
    let (mut loaded, file) = wanted(dump, &paths)?;
    let database = match &choice {
        Choice::Given(url) => url.to_string(),
        _ => "private".to_owned(),
    };
    if let (Load::File(file), false) = (&file, is_loaded(&state, &database, &loaded)) {
        let program = build::service(context, options.release)?;
        service::check_import_file(context, &program, file)?;
    }
    let load = what_to_load(&state, &choice, &database, &loaded, file)?;
    let plan = Plan {
        program: None,
        release: options.release,
        durable: true,
        postgres: choice,
        // The demo data is small: let the statistics follow an import within seconds.
        postgres_settings: vec![("autovacuum_naptime".into(), "5s".into())],
        service_settings: vec![("PORTCULLIS_RATE_LIMIT".into(), "100000".into())],
        schema: true,
        load,
        serve: false,
        ports: Some((options.port, internal_port)),
        paths,
    };
    let mut progress = Progress::of(plan.steps() + 1);
    let mut stack = LocalStack::start(context, plan, &mut progress)?;
    loaded.complete = true;
    loaded.write(&state, &database)?;
    let outcome = serve(context, options, &state, &mut stack, &mut progress);
    if outcome.is_ok() && options.detach && !context.stop.is_set() {
        let (service, postgres) = stack.detach();
        let shown = |pid: Option<i32>| pid.map_or("not ours".to_owned(), |pid| format!("pid {pid}"));
        let (service, postgres) = (shown(service), shown(postgres));
        print(&format!(
            "Left running: service {service}, PostgreSQL {postgres}."
        ));
        let given = options.state.as_ref();
        let option = given.map(|state| format!(" --state {}", state.display()));
        print(&format!(
            "Stop them with `cargo xtask down{}`.",
            option.unwrap_or_default()
        ));
        return Ok(());
    }
    print("stopping the service, then PostgreSQL");
    let stopped = stack.stop();
    Running::delete(&state);
    drop(lock);
    outcome.and(stopped)
}

/// Starts the service, prints its addresses, and watches it until a stop is requested.
fn serve(
    context: &Context,
    options: &Options,
    state: &State,
    stack: &mut LocalStack,
    progress: &mut Progress,
) -> Result<()> {
    progress.step("starting the service", || {
        let serving = stack.serve()?;
        // Written before it is ready, so that the next run finds the process if this one is killed now.
        let mut running = Running {
            service: Identity::of(serving.pid()),
            port: serving.port,
            detached: false,
        };
        running.write(state)?;
        serving.wait_until_ready(context)?;
        running.detached = options.detach;
        running.write(state)?;
        Ok(((), format!("ready on {}", stack.base_url())))
    })?;
    announce(stack, options)?;
    let postgres_log = state.file("postgres.log");
    let mut postgres_log_tail = Tail::from_end(&postgres_log);
    while !options.detach && !context.stop.is_set() {
        let serving = stack.serving()?;
        for warning in serving.warnings() {
            print(&format!("service: {warning}"));
        }
        serving.ensure_alive()?;
        if stack.cluster().is_some_and(Cluster::has_died) {
            let lines = log_tail::last_lines(&postgres_log_tail.new_lines().join("\n"), 12);
            bail!(
                "PostgreSQL ended by itself ({}); its last log lines:\n{lines}",
                postgres_log.display()
            );
        }
        thread::sleep(TICK);
    }
    Ok(())
}

fn announce(stack: &mut LocalStack, options: &Options) -> Result<()> {
    let (base, internal, accounts) = (
        stack.base_url(),
        stack.internal_url(),
        stack.portcullis.accounts()?,
    );
    let log = stack.serving()?.log.display();
    print(&format!(
        "
Portcullis is ready.
  web app    {base}
  mail       {base}/dev/mail
  API docs   {base}/apidocs
  readiness  {base}/health/ready
  metrics    {internal}/metrics
  log        {log}
Sign in as (these accounts are for this machine alone; their passwords stay the same):"
    ));
    for account in accounts {
        let (role, email) = (account.role, account.email);
        print(&format!("  {role:<10} {email}  {}", account.password));
    }
    let query = "date_from=2021-01-01&date_to=2021-01-31&orig_code=CNGGZ&dest_code=EETLL";
    print(&format!("Try next:\n  curl '{base}/rates?{query}'"));
    if !options.detach {
        print("Ctrl-C stops everything.");
    }
    Ok(())
}

/// The data that this run serves, and the file to load it from.
fn wanted(dump: Option<PathBuf>, paths: &StackPaths) -> Result<(Loaded, Load)> {
    match dump {
        Some(file) => Ok((Loaded::of(&file.display().to_string(), &file)?, Load::File(file))),
        None => {
            local_stack::write_demo(&paths.demo)?;
            Ok((Loaded::of("demo data", &paths.demo)?, Load::Demo))
        }
    }
}

fn is_loaded(state: &State, database: &str, wanted: &Loaded) -> bool {
    Loaded::read(state, database).is_some_and(|held| held.complete && held.digest == wanted.digest)
}

/// Two sets of data are never mixed: existing data that differs is removed first.
fn what_to_load(state: &State, choice: &Choice, database: &str, wanted: &Loaded, load: Load) -> Result<Load> {
    let data = state.data()?;
    let given = matches!(choice, Choice::Given(_));
    let held = Loaded::read(state, database).filter(|_| given || data::major(&data).is_some());
    let is_same = held.as_ref().is_some_and(|held| held.digest == wanted.digest);
    match held {
        // A given server's database may have been dropped since, so the import itself must check.
        Some(held) if is_same && held.complete && !given => return Ok(Load::Nothing),
        Some(held) if !is_same && given => bail!(
            "the server {database} already holds other data ({}): drop its database `portcullis` first",
            held.name
        ),
        Some(held) if !is_same => {
            print(&format!(
                "the state holds other data ({}): making a new database for {}",
                held.name, wanted.name
            ));
            orphan::stop(&data)?;
            state.remove_data()?;
        }
        _ => {}
    }
    wanted.write(state, database)?;
    Ok(load)
}

/// The remedies when the state's data cannot be used.
const REMEDY: &str = "`cargo xtask down --wipe` removes it, another `--state` keeps it";

/// A directory with files but without a PostgreSQL version is not ours to change.
fn ensure_complete(directory: &Path) -> Result<()> {
    let has_entries = std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    ensure!(
        !has_entries || data::major(directory).is_some(),
        "{} is not a complete data directory of PostgreSQL (PG_VERSION): {REMEDY}",
        directory.display()
    );
    Ok(())
}

fn ensure_major(choice: &Choice, made_by: Option<u32>) -> Result<()> {
    let Some(made_by) = made_by else { return Ok(()) };
    let problem = match choice {
        Choice::Major(major) if *major != made_by => format!("but {major} was requested"),
        _ if MAJORS.contains(&made_by) => return Ok(()),
        _ => format!("which is not one of {} to {}", MAJORS.start(), MAJORS.end()),
    };
    bail!("the state's data was made by PostgreSQL {made_by}, {problem}: {REMEDY}")
}

fn readable(file: &PathBuf) -> Result<PathBuf> {
    let opened = File::open(file).with_context(|| format!("cannot read the dump {}", file.display()))?;
    let is_file = opened.metadata()?.is_file();
    ensure!(is_file, "the dump {} is not a file", file.display());
    Ok(std::path::absolute(file)?)
}

//! The commands. Each reads the settings that it needs, does one thing, and ends with an exit code that says how.

/// `portcullis accounts`
mod accounts;

/// `portcullis audit`
mod audit;

/// How a command ends.
mod exit;

/// `portcullis healthcheck`
mod healthcheck;

/// `portcullis import`
mod import;

/// `portcullis keys`
mod keys;

/// `portcullis migrate`
mod migrate;

/// Files of secrets.
mod private_file;

/// `portcullis serve`
mod serve;

use crate::config::Settings;
use crate::config::source::Source;
use crate::http::openapi::document::document;
use crate::http::router::Apis;
use crate::telemetry::logs::Telemetry;
use clap::{Parser, Subcommand};
use exit::{EXIT_CONFIG, fail, print};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(version, about = "A security-hardened freight-rates service", long_about = None)]
#[command(
    after_help = "Settings are read from PORTCULLIS_* in the environment; docs/settings.md lists them all."
)]
struct Arguments {
    /// A TOML file of settings; the environment wins over it
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve requests until SIGTERM or SIGINT
    Serve,
    /// Change the database's schema
    Migrate {
        #[command(subcommand)]
        direction: Option<migrate::Direction>,
    },
    /// Store a file of prices: a CSV, or a dump in the originals' format; all of it or nothing
    Import {
        /// The file
        file: PathBuf,
        /// Only check the file, as for an empty database; needs none
        #[arg(long)]
        check: bool,
    },
    /// Make accounts that may sign in at once, and list accounts
    Accounts {
        #[command(subcommand)]
        command: accounts::Accounts,
    },
    /// Make and rotate signing keys, make a DATA_KEY; needs no settings
    Keys {
        #[command(subcommand)]
        command: keys::Keys,
    },
    /// Look after the audit events
    Audit {
        #[command(subcommand)]
        action: audit::Action,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Ask the running service whether it is ready; exit 0 if so
    Healthcheck,
}

/// Runs the command that the command line names.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match &arguments.command {
        Command::Openapi => return print(&document::<Apis>()),
        Command::Keys { command } => return keys::run(command),
        _ => {}
    }
    let settings = match Source::load(arguments.config.as_deref()).and_then(|source| Settings::parse(&source))
    {
        Ok(settings) => settings,
        Err(error) => return fail(EXIT_CONFIG, &error),
    };
    if !matches!(arguments.command, Command::Serve) {
        Telemetry::to_stderr();
    }
    match arguments.command {
        Command::Serve => serve::run(&settings),
        Command::Migrate { direction } => migrate::run(&settings, direction.unwrap_or_default()),
        Command::Import { file, check: true } => import::check(&file),
        Command::Import { file, check: false } => import::run(&settings, &file),
        Command::Accounts { command } => accounts::run(&settings, command),
        Command::Audit { action } => audit::run(&settings, action),
        Command::Healthcheck => healthcheck::run(&settings),
        Command::Openapi | Command::Keys { .. } => ExitCode::SUCCESS,
    }
}

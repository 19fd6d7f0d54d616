//! The commands of `portcullis`. Each one reads the settings that it needs and returns an exit code.

/// `portcullis accounts`
mod accounts;

/// `portcullis audit`
mod audit;

/// `portcullis batches`
mod batches;

/// Data keys for commands.
mod data_keys;

/// Output and exit codes.
mod exit;

/// Protects the secrets of the process.
mod hardening;

/// `portcullis healthcheck`
mod healthcheck;

/// `portcullis import`
mod import;

/// `portcullis keys`
mod keys;

/// Documents of keys.
mod key_document;

/// `portcullis migrate`
mod migrate;

/// `portcullis keys reseal`
mod reseal;

/// `portcullis audit record-restore`
mod restoration;

/// The runtime of commands that wait.
mod runtime;

/// `portcullis serve`
mod serve;

/// Vault for commands.
mod vault;

use crate::config::Settings;
use crate::config::source::Source;
use crate::http::openapi::document::document;
use crate::http::router::{Apis, POLICIES};
use crate::secrets::vault::Vault;
use crate::telemetry::logs::Telemetry;
use clap::{Parser, Subcommand};
use exit::{EXIT_CONFIG, fail, print, with_login};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(version, about = "A security-hardened freight-rates service", long_about = None)]
#[command(after_help = "Settings are read from PORTCULLIS_* environment variables; see docs/settings.md.")]
struct Arguments {
    /// TOML file with settings; environment variables take precedence
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve requests until SIGTERM or SIGINT
    Serve,
    /// Migrate the database schema
    Migrate {
        #[command(subcommand)]
        direction: Option<migrate::Direction>,
    },
    /// Import prices from a CSV file or a legacy dump, plain or compressed with gzip, all or nothing
    Import {
        /// The file to import; - for standard input
        file: PathBuf,
        /// Only validate the file, against an empty database; needs no connection
        #[arg(long)]
        check: bool,
    },
    /// List and withdraw imported batches of prices
    Batches {
        #[command(subcommand)]
        command: batches::Batches,
    },
    /// Create and list accounts
    Accounts {
        #[command(subcommand)]
        command: accounts::Accounts,
    },
    /// Generate and rotate signing keys and data keys
    Keys {
        #[command(subcommand)]
        command: keys::Keys,
    },
    /// Verify the audit log, and record a restored backup in it
    Audit {
        #[command(subcommand)]
        action: audit::Action,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Check whether the running service is ready; exit 0 if it is
    Healthcheck,
}

/// Runs the command that the command line names.
pub fn run() -> ExitCode {
    hardening::protect_memory();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => error.exit(),
        // Help or version. `exit` would ignore that it cannot be written.
        Err(error) => return print(&error.render().to_string()),
    };
    match &arguments.command {
        Command::Openapi => return print(&document::<Apis>(&POLICIES)),
        Command::Keys { command } => {
            if let Some(code) = keys::run(command) {
                return code;
            }
        }
        _ => {}
    }
    let settings = match Source::load(arguments.config.as_deref()).and_then(|source| Settings::parse(&source))
    {
        Ok(settings) => settings,
        Err(error) => return fail(EXIT_CONFIG, &error),
    };
    if !matches!(arguments.command, Command::Serve) {
        Telemetry::to_stderr();
        hardening::warn_about_secrets(&settings);
    }
    match arguments.command {
        Command::Serve => serve::run(&settings),
        Command::Migrate { direction } => {
            let direction = direction.unwrap_or_default();
            with_login(
                &settings,
                |database| direction.login(database),
                |settings, _| migrate::run(settings, direction),
            )
        }
        Command::Import { file, check: true } => import::check(&file),
        Command::Import { file, check: false } => with_login(
            &settings,
            |database| &mut database.ingest,
            |settings, _| import::run(settings, &file),
        ),
        Command::Batches { command } => with_login(
            &settings,
            |database| &mut database.ingest,
            |settings, _| batches::run(settings, command),
        ),
        Command::Accounts { command } => {
            with_accounts(&settings, |settings, _| accounts::run(settings, command))
        }
        Command::Audit { action } => {
            with_accounts(&settings, |settings, vault| audit::run(settings, vault, action))
        }
        Command::Healthcheck => healthcheck::run(&settings),
        Command::Keys {
            command: keys::Keys::Reseal,
        } => with_accounts(&settings, reseal::run),
        Command::Keys { command } => keys::run_in_vault(&settings, &command),
        Command::Openapi => ExitCode::SUCCESS,
    }
}

/// Runs a command with the login of accounts.
fn with_accounts(
    settings: &Settings,
    command: impl FnOnce(&Settings, Option<&Vault>) -> ExitCode,
) -> ExitCode {
    with_login(settings, |database| &mut database.accounts, command)
}

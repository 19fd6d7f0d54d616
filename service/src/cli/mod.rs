//! The commands. Each reads the settings that it needs, does one thing, and ends with an exit code that says how.

/// `portcullis healthcheck`
mod healthcheck;

/// `portcullis import`
mod import;

/// `portcullis migrate`
mod migrate;

/// `portcullis serve`
mod serve;

use crate::config::Settings;
use crate::config::source::Source;
use crate::http::api::{Product, document};
use crate::telemetry::logs::Telemetry;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A bad setting: EX_CONFIG of sysexits.h.
const BAD_SETTING: u8 = 78;

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
    },
    /// Print the OpenAPI document
    Openapi,
    /// Ask the running service whether it is ready; exit 0 if so
    Healthcheck,
}

/// Runs the command that the command line names.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Openapi) {
        return print(&document::<Product>());
    }
    let settings = match Source::load(arguments.config.as_deref()).and_then(|source| Settings::parse(&source))
    {
        Ok(settings) => settings,
        Err(error) => return fail(BAD_SETTING, &error),
    };
    if !matches!(arguments.command, Command::Serve) {
        Telemetry::to_stderr();
    }
    match arguments.command {
        Command::Serve => serve::run(&settings),
        Command::Migrate { direction } => migrate::run(&settings, direction.unwrap_or_default()),
        Command::Import { file } => import::run(&settings, &file),
        Command::Healthcheck => healthcheck::run(&settings),
        Command::Openapi => ExitCode::SUCCESS,
    }
}

/// Prints to stdout; a reader that went away is no failure.
fn print(text: &str) -> ExitCode {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// One line on stderr, and the exit code.
fn fail(code: u8, error: &impl std::fmt::Display) -> ExitCode {
    eprintln!("portcullis: {error}");
    ExitCode::from(code)
}

/// Whether a login's password is given and readable; else the line to print and the code to end with.
fn check_password(login: &crate::config::database::Login) -> Result<(), ExitCode> {
    let prefix = crate::config::keys::PREFIX;
    let key = login.password_key;
    let Some(source) = &login.password else {
        return Err(fail(
            BAD_SETTING,
            &format!("{prefix}{key}: is not set; give it, or {prefix}{key}_FILE"),
        ));
    };
    crate::secrets::read(source)
        .map(drop)
        .map_err(|error| fail(BAD_SETTING, &format!("{prefix}{key}_FILE: {error}")))
}

//! Output and exit codes of commands.

use crate::config::Settings;
use crate::config::database::{CredentialsSource, DatabaseSettings, Login};
use crate::secrets::vault::Vault;
use crate::startup::command_login;
use crate::telemetry::logs::Telemetry;
use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// Exit code of an invalid setting: EX_CONFIG of sysexits.h.
pub const EXIT_CONFIG: u8 = 78;

/// Exit code if the output cannot be written: EX_IOERR of sysexits.h.
const EXIT_IO: u8 = 74;

/// Prints to stdout and returns the exit code. A closed pipe is not an error: its reader, for example `head`, needs no more.
pub fn print(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            fail(EXIT_IO, &format!("cannot write the output: {error}"))
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Prints a line to stderr. Unlike `eprintln`, it does not panic if that fails.
pub fn note(text: &impl Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints an error to stderr and returns the exit code.
pub fn fail(code: u8, error: &impl Display) -> ExitCode {
    note(&format!("portcullis: {error}"));
    ExitCode::from(code)
}

/// Checks that a login's credentials are set and readable, unless they are issued; otherwise prints an error and returns the
/// exit code.
pub fn check_credentials(login: &Login) -> Result<(), ExitCode> {
    if matches!(login.source, CredentialsSource::Issued) {
        return Ok(());
    }
    let credentials = login.credentials();
    credentials.map(drop).map_err(|error| fail(EXIT_CONFIG, &error))
}

/// Runs a command with a login that has credentials, which are issued if the settings say so. The command gets the client of
/// Vault that issued them, if there is one.
pub fn with_login(
    settings: &Settings,
    login: impl FnOnce(&mut DatabaseSettings) -> &mut Login,
    command: impl FnOnce(&Settings, Option<&Vault>) -> ExitCode,
) -> ExitCode {
    let metrics = match Telemetry::quiet() {
        Ok(telemetry) => telemetry.metrics,
        Err(error) => return fail(1, &error),
    };
    match command_login::with_login(settings, login, &metrics, command) {
        Ok(code) => code,
        Err(error) if error.is_configuration() => fail(EXIT_CONFIG, &error),
        Err(error) => fail(1, &error),
    }
}

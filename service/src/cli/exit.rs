//! Output and exit codes of commands.

use crate::config::database::Login;
use crate::config::setting_names::PREFIX;
use std::process::ExitCode;

/// Exit code of an invalid setting: EX_CONFIG of sysexits.h.
pub const EXIT_CONFIG: u8 = 78;

/// Prints to stdout. A closed pipe is not an error.
pub fn print(text: &str) -> ExitCode {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Prints an error to stderr and returns the exit code.
pub fn fail(code: u8, error: &impl std::fmt::Display) -> ExitCode {
    eprintln!("portcullis: {error}");
    ExitCode::from(code)
}

/// Checks that a login's password is set and readable; otherwise prints an error and returns the exit code.
pub fn check_password(login: &Login) -> Result<(), ExitCode> {
    let key = login.password_key;
    let Some(source) = &login.password else {
        return Err(fail(
            EXIT_CONFIG,
            &format!("{PREFIX}{key}: is not set; set it or {PREFIX}{key}_FILE"),
        ));
    };
    crate::secrets::read(source)
        .map(drop)
        .map_err(|error| fail(EXIT_CONFIG, &format!("{PREFIX}{key}_FILE: {error}")))
}

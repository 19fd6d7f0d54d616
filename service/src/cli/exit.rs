//! How a command ends: what it prints, and its exit code.
use crate::config::database::Login;
use crate::config::setting_names::PREFIX;
use std::process::ExitCode;

/// A bad setting: EX_CONFIG of sysexits.h.
pub const EXIT_CONFIG: u8 = 78;

/// Prints to stdout; a reader that went away is no failure.
pub fn print(text: &str) -> ExitCode {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// One line on stderr, and the exit code.
pub fn fail(code: u8, error: &impl std::fmt::Display) -> ExitCode {
    eprintln!("portcullis: {error}");
    ExitCode::from(code)
}

/// Whether a login's password is given and readable; else the line to print and the code to end with.
pub fn check_password(login: &Login) -> Result<(), ExitCode> {
    let key = login.password_key;
    let Some(source) = &login.password else {
        return Err(fail(
            EXIT_CONFIG,
            &format!("{PREFIX}{key}: is not set; give it, or {PREFIX}{key}_FILE"),
        ));
    };
    crate::secrets::read(source)
        .map(drop)
        .map_err(|error| fail(EXIT_CONFIG, &format!("{PREFIX}{key}_FILE: {error}")))
}

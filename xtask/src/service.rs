//! The service's program: how it is built, and which settings each of its commands gets; never waits for it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use private_postgres::password;
use serde::Deserialize;

use crate::context::Context;
use crate::run::Call;
use crate::server::Server;
use crate::{needs, tail};

/// The database's name on every server.
pub const DATABASE: &str = "portcullis";

/// The logins whose passwords we make, by the setting's name and the file's.
const LOGINS: [(&str, &str); 7] = [
    ("PORTCULLIS_DATABASE_MIGRATOR_PASSWORD_FILE", "migrator"),
    ("PORTCULLIS_DATABASE_RATES_PASSWORD_FILE", "rates"),
    ("PORTCULLIS_DATABASE_INGEST_PASSWORD_FILE", "ingest"),
    ("PORTCULLIS_DATABASE_ACCOUNTS_PASSWORD_FILE", "accounts"),
    ("PORTCULLIS_DATABASE_WISHES_PASSWORD_FILE", "wishes"),
    ("PORTCULLIS_DATABASE_MAIL_PASSWORD_FILE", "mail"),
    ("PORTCULLIS_DATABASE_DEMO_PASSWORD_FILE", "demo"),
];

/// Settings of the service: names and values.
pub type Variables = Vec<(OsString, OsString)>;

/// Builds the service and answers the program's file.
///
/// # Errors
/// When the machine lacks something (one line), or the compiler's words have been shown.
pub fn build(context: &Context, release: bool) -> Result<PathBuf> {
    let features = needs::features(context)?;
    let mut call = Call::cargo(context)
        .args(["build", "--package", "portcullis", "--bin", "portcullis"])
        .args(["--message-format", "json-render-diagnostics"]);
    if release {
        call = call.args(["--release"]);
    }
    if !features.is_empty() {
        call = call.args(["--features", &features.join(",")]);
    }
    let mut program = None;
    let status = call.lines(|line| program = executable(line).or(program.take()))?;
    ensure!(status.success(), "the service does not build");
    program.context("cargo did not say where it put the program")
}

/// Checks a file of prices without a database: nothing that is there must be given up for a file that is no good.
///
/// # Errors
/// With the bad rows, as the command tells them.
pub fn check(context: &Context, program: &Path, file: &Path) -> Result<()> {
    let call =
        Call::new(context, program).args([OsStr::new("import"), OsStr::new("--check"), file.as_os_str()]);
    let finished = call.capture()?;
    if finished.status.success() {
        return Ok(());
    }
    bail!(
        "this file cannot be loaded:\n{}",
        tail::last_lines(&finished.stderr, 25)
    );
}

/// cargo's own answer is right whatever its configuration says about the target directory.
fn executable(line: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    serde_json::from_str::<Message>(line).ok()?.executable
}

/// The program with the settings of one database.
#[derive(Debug, Clone)]
pub struct Portcullis {
    program: PathBuf,
    server: Server,
    secrets: PathBuf,
    more: Variables,
}

impl Portcullis {
    /// `secrets` is a directory that only we can read; passwords are made there when missing. `more` are settings
    /// that every command gets.
    ///
    /// # Errors
    /// When a password cannot be made.
    pub fn new(program: PathBuf, server: Server, secrets: &Path, more: Variables) -> Result<Portcullis> {
        for (_, file) in LOGINS {
            password::kept_in(&secrets.join(file))?;
        }
        Ok(Portcullis {
            program,
            server,
            secrets: secrets.to_owned(),
            more,
        })
    }

    /// The program's file.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Creates the roles and the database, as the admin.
    ///
    /// # Errors
    /// With the command's last words.
    pub fn prepare(&self, context: &Context) -> Result<()> {
        let admin = self.server.admin_settings();
        let logins = self.logins(|_| true);
        self.quietly(
            &self
                .call(context, logins)
                .args(["migrate", "prepare"])
                .envs(admin),
        )
    }

    /// Brings the schema up to date, as the migrator.
    ///
    /// # Errors
    /// With the command's last words.
    pub fn migrate(&self, context: &Context) -> Result<()> {
        self.quietly(
            &self
                .call(context, self.logins(|name| name == "migrator"))
                .args(["migrate", "up"]),
        )
    }

    /// Loads a file of prices, with the command's own progress.
    ///
    /// # Errors
    /// When the command fails; its words have been shown.
    pub fn import(&self, context: &Context, file: &Path) -> Result<()> {
        let logins = self.logins(|name| name == "ingest");
        self.call(context, logins)
            .args([OsStr::new("import"), file.as_os_str()])
            .stream_ok()
    }

    /// The service itself on these two ports of the loopback, not started.
    #[must_use]
    pub fn serve<'a>(&self, context: &'a Context, port: u16, internal_port: u16) -> Call<'a> {
        let listen = [
            ("PORTCULLIS_LISTEN", format!("127.0.0.1:{port}")),
            ("PORTCULLIS_INTERNAL_LISTEN", format!("127.0.0.1:{internal_port}")),
        ];
        // What the caller sets goes last and wins.
        self.call(context, self.logins(|name| name == "rates"))
            .envs(listen)
            .envs(self.more.clone())
            .args(["serve"])
    }

    fn call<'a>(&self, context: &'a Context, logins: Variables) -> Call<'a> {
        let Server {
            host, port, sslmode, ..
        } = &self.server;
        let database = [
            ("PORTCULLIS_PROFILE", "development".to_owned()),
            ("PORTCULLIS_DATABASE_HOST", host.clone()),
            ("PORTCULLIS_DATABASE_PORT", port.to_string()),
            ("PORTCULLIS_DATABASE_NAME", DATABASE.to_owned()),
            ("PORTCULLIS_DATABASE_SSLMODE", sslmode.clone()),
        ];
        Call::new(context, &self.program)
            .envs(database)
            .envs(logins)
            .envs(self.more.clone())
    }

    /// Each command is told only the passwords that it needs.
    fn logins(&self, wanted: impl Fn(&str) -> bool) -> Variables {
        let told = LOGINS.iter().filter(|(_, file)| wanted(file));
        told.map(|(setting, file)| (setting.into(), self.secrets.join(file).into()))
            .collect()
    }

    fn quietly(&self, call: &Call<'_>) -> Result<()> {
        let finished = call.capture()?;
        if finished.status.success() {
            return Ok(());
        }
        let words = tail::last_lines(&format!("{}{}", finished.stdout, finished.stderr), 12);
        bail!("`{call}` failed ({}):\n{words}", finished.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_program_in_cargos_messages() {
        let line = r#"{"reason":"compiler-artifact","executable":"/t/debug/portcullis","fresh":true}"#;
        assert_eq!(executable(line), Some("/t/debug/portcullis".into()));
        assert_eq!(
            executable(r#"{"reason":"compiler-artifact","executable":null}"#),
            None
        );
        assert_eq!(executable("warning: text"), None);
    }
}

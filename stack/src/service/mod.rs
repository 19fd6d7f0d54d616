//! The service's program, with the settings and secrets of each of its commands.

pub mod build;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use harness::context::Context;
use harness::process::command::{Command, EnvVars};
use private_postgres::password;

use crate::accounts::{self, Account};
use crate::log_tail;
use crate::paths::StackPaths;
use crate::postgres::server::Server;

/// The database's name on every server.
pub const DATABASE: &str = "portcullis";

/// Database logins: the setting for the password file, and the file's name.
const LOGINS: [(&str, &str); 7] = [
    ("PORTCULLIS_DATABASE_MIGRATOR_PASSWORD_FILE", "migrator"),
    ("PORTCULLIS_DATABASE_RATES_PASSWORD_FILE", "rates"),
    ("PORTCULLIS_DATABASE_INGEST_PASSWORD_FILE", "ingest"),
    ("PORTCULLIS_DATABASE_ACCOUNTS_PASSWORD_FILE", "accounts"),
    ("PORTCULLIS_DATABASE_WISHES_PASSWORD_FILE", "wishes"),
    ("PORTCULLIS_DATABASE_MAIL_PASSWORD_FILE", "mail"),
    ("PORTCULLIS_DATABASE_DEMO_PASSWORD_FILE", "demo"),
];

/// The signing keys' file in the secrets.
const TOKEN_KEYS: &str = "token-keys.json";

/// The file with the password of Vault's login.
const VAULT: &str = "vault";

/// The data key's file in the secrets.
const DATA_KEY: &str = "data-key";

/// Validates a file of prices without a database, before existing data is removed for it.
pub fn check_import_file(context: &Context, program: &Path, file: &Path) -> Result<()> {
    let finished = Command::new(context, program)
        .args([OsStr::new("import"), OsStr::new("--check"), file.as_os_str()])
        .capture()?;
    if finished.status.success() {
        return Ok(());
    }
    bail!(
        "this file cannot be loaded:\n{}",
        log_tail::last_lines(&finished.stderr, 25)
    );
}

/// The program with the settings of one database.
#[derive(Debug, Clone)]
pub struct Portcullis {
    program: PathBuf,
    server: Server,
    secrets: PathBuf,
    mail: PathBuf,
    extra_settings: EnvVars,
    issued_logins: Option<EnvVars>,
    /// Where `serve` finds its keys.
    keys: EnvVars,
}

impl Portcullis {
    /// Generates missing passwords of the logins. `extra_settings` apply to every command.
    pub fn new(
        program: PathBuf,
        server: Server,
        paths: &StackPaths,
        extra_settings: EnvVars,
    ) -> Result<Portcullis> {
        for (_, file) in LOGINS {
            password::load_or_create(&paths.secrets.join(file))?;
        }
        let key_file = |file: &str| paths.secrets.join(file).into_os_string();
        Ok(Portcullis {
            program,
            server,
            keys: vec![
                ("PORTCULLIS_DATA_KEY_FILE".into(), key_file(DATA_KEY)),
                ("PORTCULLIS_TOKEN_KEYS_FILE".into(), key_file(TOKEN_KEYS)),
            ],
            secrets: paths.secrets.clone(),
            mail: paths.mail.clone(),
            extra_settings,
            issued_logins: None,
        })
    }

    /// From now on `serve` gets no passwords of logins, but the settings of what issues them.
    pub fn serve_with_issued_logins(&mut self, settings: EnvVars) {
        self.issued_logins = Some(settings);
    }

    /// Generates keys in Vault, with the settings of the commands that change them. From now on `serve` uses those.
    pub fn serve_with_keys_in_vault(&mut self, context: &Context, settings: &EnvVars) -> Result<()> {
        let generate = || {
            let command = Command::new(context, &self.program).envs(settings.clone());
            command.args(["keys", "generate", "--vault"])
        };
        self.quietly(&generate())?;
        self.quietly(&generate().args(["--data"]))?;
        self.keys = vec![
            ("PORTCULLIS_KEYS".into(), "vault".into()),
            // So that a scenario does not wait half a minute.
            ("PORTCULLIS_KEYS_POLL_INTERVAL".into(), "1".into()),
        ];
        Ok(())
    }

    /// Adds settings for every command from now on.
    pub fn extend_settings(&mut self, settings: impl IntoIterator<Item = (OsString, OsString)>) {
        self.extra_settings.extend(settings);
    }

    /// Another version of the program, with the same settings.
    pub fn with_program(&self, program: PathBuf) -> Portcullis {
        let mut other = self.clone();
        other.program = program;
        other
    }

    /// The program's file.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Creates the roles and the database, as the admin.
    pub fn prepare(&self, context: &Context) -> Result<()> {
        let admin = self.server.admin_settings();
        let command = self.command(context, self.logins(|_| true));
        self.quietly(&command.args(["migrate", "prepare"]).envs(admin))?;
        Ok(())
    }

    /// Creates what Vault needs in the database: its login, the functions that issue logins, and logins whose passwords it
    /// sets. Returns the password of its login.
    pub fn prepare_for_vault(&self, context: &Context) -> Result<String> {
        let file = self.secrets.join(VAULT);
        let password = password::load_or_create(&file)?;
        let command = self.command(context, self.logins(|_| true));
        let command = command
            .envs(self.server.admin_settings())
            .envs([("PORTCULLIS_DATABASE_VAULT_PASSWORD_FILE", file)])
            .args(["migrate", "prepare", "--static-logins"]);
        self.quietly(&command)?;
        Ok(password)
    }

    /// Brings the schema up to date, as the migrator.
    pub fn migrate(&self, context: &Context) -> Result<()> {
        let command = self.command(context, self.logins(|name| name == "migrator"));
        self.quietly(&command.args(["migrate", "up"]))?;
        Ok(())
    }

    /// Applies the next step of the schema, as the migrator. `None`: there is none.
    pub fn migrate_one(&self, context: &Context) -> Result<Option<String>> {
        let command = self.command(context, self.logins(|name| name == "migrator"));
        let output = self.quietly(&command.args(["migrate", "up", "--count", "1"]))?;
        Ok(output
            .strip_prefix("migrated: ")
            .map(|step| step.trim().to_owned()))
    }

    /// Generates the keys that `serve` needs, unless they exist.
    pub fn make_keys(&self, context: &Context) -> Result<()> {
        let (token_keys, data_key) = (self.secrets.join(TOKEN_KEYS), self.secrets.join(DATA_KEY));
        let keys = || Command::new(context, &self.program).args(["keys"]);
        if !token_keys.exists() {
            self.quietly(&keys().args([OsStr::new("generate"), token_keys.as_os_str()]))?;
        }
        if !data_key.exists() {
            password::write(&data_key, self.quietly(&keys().args(["data-key"]))?.trim())?;
        }
        Ok(())
    }

    /// The demo accounts.
    pub fn accounts(&self) -> Result<Vec<Account>> {
        accounts::in_secrets(&self.secrets)
    }

    /// Adds missing demo accounts.
    pub fn make_accounts(&self, context: &Context) -> Result<()> {
        let command = || {
            let logins = self.logins(|name| name == "accounts");
            self.command(context, logins).args(["accounts"])
        };
        let list = self.quietly(&command().args(["list"]))?;
        // One line per account, separated by tabs: number, state, role, address, name.
        let existing: Vec<&str> = list.lines().filter_map(|line| line.split('\t').nth(3)).collect();
        let mut accounts = self.accounts()?;
        accounts.retain(|account| !existing.contains(&account.email.as_str()));
        for account in accounts {
            let add = command().args(["add", &account.email, "--role", account.role]);
            let add = add.args(["--name", &account.name, "--password-file"]);
            self.quietly(&add.args([account.password_file]))?;
        }
        Ok(())
    }

    /// Runs a command on the audit log; returns its output.
    pub fn audit(&self, context: &Context, args: &[&str]) -> Result<String> {
        let command = self.command(context, self.logins(|name| name == "accounts"));
        self.quietly(
            &command
                .envs(self.keys.clone())
                .args(["audit"])
                .args(args.iter().copied()),
        )
    }

    /// Imports a file of prices; the command prints its own progress.
    pub fn import(&self, context: &Context, file: &Path) -> Result<()> {
        self.import_command(context, file).stream()
    }

    /// The command that imports a file of prices.
    pub fn import_command<'a>(&self, context: &'a Context, file: &Path) -> Command<'a> {
        let logins = self.logins(|name| name == "ingest");
        self.command(context, logins)
            .args([OsStr::new("import"), file.as_os_str()])
    }

    /// The command that serves on these two ports of 127.0.0.1.
    pub fn serve<'a>(&self, context: &'a Context, port: u16, internal_port: u16) -> Command<'a> {
        let command = Command::new(context, &self.program).envs(self.serve_settings(port, internal_port));
        command.args(["serve"])
    }

    /// The settings of [`Portcullis::serve`]. Of two values of a setting the last one counts.
    pub fn serve_settings(&self, port: u16, internal_port: u16) -> EnvVars {
        let address = |port: u16| format!("127.0.0.1:{port}").into();
        // No role of Vault issues the ingest login to `serve`.
        let uploads = if self.issued_logins.is_some() { "off" } else { "on" };
        let settings: [(&str, OsString); 10] = [
            ("PORTCULLIS_LISTEN", address(port)),
            ("PORTCULLIS_INTERNAL_LISTEN", address(internal_port)),
            ("PORTCULLIS_PUBLIC_URL", format!("http://127.0.0.1:{port}").into()),
            ("PORTCULLIS_REGISTRATION", "open".into()),
            // All users of a local stack share one address.
            ("PORTCULLIS_MAIL_RATE_PER_NETWORK", "10000".into()),
            ("PORTCULLIS_MAIL_TRANSPORT", "folder".into()),
            ("PORTCULLIS_MAIL_FOLDER", self.mail.clone().into()),
            ("PORTCULLIS_DEMO", "token".into()),
            ("PORTCULLIS_UPLOADS", uploads.into()),
            // There is no load balancer that must notice the shutdown first.
            ("PORTCULLIS_SHUTDOWN_DELAY", "0".into()),
        ];
        let with_passwords = || self.logins(|name| name != "migrator");
        let logins = self.issued_logins.clone().unwrap_or_else(with_passwords);
        let settings = settings.map(|(name, value)| (name.into(), value));
        // The caller's settings are last and win.
        let parts = [self.settings(logins), settings.into(), self.keys.clone()];
        let parts = parts.into_iter().chain([self.extra_settings.clone()]);
        parts.flatten().collect()
    }

    /// Where its passwords and keys are.
    pub fn secrets_directory(&self) -> &Path {
        &self.secrets
    }

    /// The folder of its mails.
    pub fn mail_folder(&self) -> &Path {
        &self.mail
    }

    fn command<'a>(&self, context: &'a Context, logins: EnvVars) -> Command<'a> {
        Command::new(context, &self.program).envs(self.settings(logins))
    }

    /// The settings of every command, with these logins.
    fn settings(&self, logins: EnvVars) -> EnvVars {
        let port = self.server.port.to_string();
        let database = [
            ("PORTCULLIS_PROFILE", "development"),
            ("PORTCULLIS_DATABASE_HOST", &self.server.host),
            ("PORTCULLIS_DATABASE_PORT", &port),
            ("PORTCULLIS_DATABASE_NAME", DATABASE),
            ("PORTCULLIS_DATABASE_SSLMODE", &self.server.sslmode),
        ];
        let database = database.map(|(name, value)| (name.into(), value.into()));
        let parts = [database.into(), logins, self.extra_settings.clone()];
        parts.into_iter().flatten().collect()
    }

    /// Each command gets only the passwords that it needs.
    fn logins(&self, wanted: impl Fn(&str) -> bool) -> EnvVars {
        let logins = LOGINS.iter().filter(|(_, file)| wanted(file));
        logins
            .map(|(setting, file)| (setting.into(), self.secrets.join(file).into()))
            .collect()
    }

    /// Runs it and returns its standard output.
    fn quietly(&self, command: &Command<'_>) -> Result<String> {
        let finished = command.capture()?;
        if finished.status.success() {
            return Ok(finished.stdout);
        }
        let tail = log_tail::last_lines(&format!("{}{}", finished.stdout, finished.stderr), 12);
        bail!("`{command}` failed ({}):\n{tail}", finished.status)
    }
}

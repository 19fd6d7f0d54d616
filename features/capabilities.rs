//! What a run has besides the address of the service (mail folder, accounts, browser), and which scenarios need it.

use crate::operator;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Options that scenarios with certain tags need. All are optional.
#[derive(Args, Clone, Debug, Default)]
pub struct Capabilities {
    /// Folder that the service writes its mails to (`@mailbox`)
    #[arg(long, value_name = "DIR", env = "XTASK_MAIL_FOLDER")]
    mail_folder: Option<PathBuf>,
    /// Account of an administrator (`@accounts` needs all four accounts)
    #[arg(
        long,
        value_name = "EMAIL:PASSWORD",
        env = "XTASK_ADMIN",
        hide_env_values = true
    )]
    admin: Option<Login>,
    /// Account with the role user
    #[arg(
        long,
        value_name = "EMAIL:PASSWORD",
        env = "XTASK_USER",
        hide_env_values = true
    )]
    user: Option<Login>,
    /// Account with the role approver
    #[arg(
        long,
        value_name = "EMAIL:PASSWORD",
        env = "XTASK_APPROVER",
        hide_env_values = true
    )]
    approver: Option<Login>,
    /// Account with the role ingest
    #[arg(
        long,
        value_name = "EMAIL:PASSWORD",
        env = "XTASK_INGEST",
        hide_env_values = true
    )]
    ingest: Option<Login>,
    /// The service decides on requests for access (`@access`)
    #[arg(long, env = "XTASK_ACCESS")]
    pub access: bool,
    /// It also issues the logins of approved requests (`@access-logins`)
    #[arg(long, env = "XTASK_ACCESS_LOGINS")]
    access_logins: bool,
    /// Batches of prices can be uploaded (`@uploads`)
    #[arg(long, env = "XTASK_UPLOADS")]
    uploads: bool,
    /// The program `portcullis`, which changes the service's keys in Vault with the settings of the environment
    /// (`@keys-in-vault`)
    #[arg(long, value_name = "FILE", env = "XTASK_KEYS_PROGRAM")]
    keys_program: Option<PathBuf>,
    /// Append the secrets that scenarios use to this file, one JSON string per line, to search logs for them
    #[arg(long, value_name = "FILE", env = "XTASK_SECRETS")]
    secrets: Option<PathBuf>,
    /// WebDriver server that starts browsers, such as chromedriver (`@browser`)
    #[arg(long, value_name = "URL", env = "XTASK_WEBDRIVER")]
    pub webdriver: Option<String>,
    /// Script of axe-core, the accessibility checker (`@axe`)
    #[arg(long, value_name = "FILE", env = "XTASK_AXE")]
    pub axe: Option<PathBuf>,
    /// Folder for screenshots
    #[arg(long, value_name = "DIR", env = "XTASK_SCREENSHOTS")]
    pub screenshots: Option<PathBuf>,
}

/// Credentials of an existing account. `Debug` omits the password.
#[derive(Clone)]
pub struct Login {
    /// E-mail address.
    pub email: String,
    /// Password.
    pub password: String,
}

/// Tags of scenarios that need a capability.
const TAGS: [&str; 8] = [
    "mailbox",
    "accounts",
    "access",
    "access-logins",
    "uploads",
    "keys-in-vault",
    "browser",
    "axe",
];

impl Capabilities {
    /// The first tag whose capability is missing.
    pub fn missing<'a>(&self, tags: impl Iterator<Item = &'a str>) -> Option<&'static str> {
        let tags: Vec<&str> = tags.collect();
        TAGS.into_iter().find(|tag| tags.contains(tag) && !self.has(tag))
    }

    fn has(&self, tag: &str) -> bool {
        match tag {
            "mailbox" => self.mail_folder.is_some(),
            "browser" => self.webdriver.is_some(),
            "axe" => self.axe.is_some(),
            "access" => self.access,
            "access-logins" => self.access_logins,
            "uploads" => self.uploads,
            "keys-in-vault" => self.keys_program.is_some(),
            _ => ["admin", "user", "approver", "ingest"]
                .iter()
                .all(|role| self.login(role).is_ok()),
        }
    }

    /// Appends secrets to the file of secrets, if there is one.
    pub fn write_secrets<'a>(&self, secrets: impl Iterator<Item = &'a str>) -> Result<()> {
        let Some(path) = &self.secrets else { return Ok(()) };
        let lines: String = secrets
            .map(|secret| format!("{}\n", Value::from(secret)))
            .collect();
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(file.write_all(lines.as_bytes())?)
    }

    /// Adds a signing key that signs after this time; fails in a scenario without the tag `@keys-in-vault`.
    pub async fn rotate_signing_keys(&self, seconds: u32) -> Result<()> {
        let program = self.keys_program.as_deref();
        let program = program.context("there are no keys in Vault: is the tag @keys-in-vault missing?")?;
        let arguments = ["keys", "rotate", "--vault", "--overlap", &seconds.to_string()];
        operator::run(program, arguments.map(str::to_owned).into()).await
    }

    /// The mail folder; fails in a scenario without the tag `@mailbox`.
    pub fn mail_folder(&self) -> Result<&Path> {
        let folder = self.mail_folder.as_deref();
        folder.context("there is no mail folder: is the tag @mailbox missing?")
    }

    /// The account of a role; fails in a scenario without the tag `@accounts`.
    pub fn login(&self, role: &str) -> Result<&Login> {
        let login = match role {
            "admin" => &self.admin,
            "user" => &self.user,
            "approver" => &self.approver,
            "ingest" => &self.ingest,
            _ => bail!("unknown role {role}"),
        };
        login
            .as_ref()
            .with_context(|| format!("there is no account of the role {role}: is the tag @accounts missing?"))
    }
}

impl FromStr for Login {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (email, password) = text.split_once(':').context("must be EMAIL:PASSWORD")?;
        Ok(Self {
            email: email.to_owned(),
            password: password.to_owned(),
        })
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Login({})", self.email)
    }
}

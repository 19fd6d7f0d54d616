//! What there is beside the service (mails, accounts, a browser), and which scenarios need what is not there; never
//! looks for any of it.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What the caller gives beside the service's address. Nothing of it is needed to run the rest.
#[derive(Args, Clone, Debug, Default)]
pub struct Surroundings {
    /// The folder that the service writes its mails to (scenarios tagged `@mailbox`)
    #[arg(long, value_name = "DIR", env = "XTASK_MAIL_FOLDER")]
    mail_folder: Option<PathBuf>,
    /// An administrator's account (`@accounts` needs all four of these)
    #[arg(
        long,
        value_name = "EMAIL:PASSWORD",
        env = "XTASK_ADMIN",
        hide_env_values = true
    )]
    admin: Option<Login>,
    /// A user's account
    #[arg(
        long,
        value_name = "EMAIL:PASSWORD",
        env = "XTASK_USER",
        hide_env_values = true
    )]
    user: Option<Login>,
    /// An approver's account
    #[arg(
        long,
        value_name = "EMAIL:PASSWORD",
        env = "XTASK_APPROVER",
        hide_env_values = true
    )]
    approver: Option<Login>,
    /// An account that stores prices
    #[arg(
        long,
        value_name = "EMAIL:PASSWORD",
        env = "XTASK_INGEST",
        hide_env_values = true
    )]
    ingest: Option<Login>,
    /// Append the secrets that the scenarios use to this file, a JSON text a line, for whoever looks for them in a log
    #[arg(long, value_name = "FILE", env = "XTASK_SECRETS")]
    secrets: Option<PathBuf>,
    /// A WebDriver that starts browsers, such as chromedriver (`@browser`)
    #[arg(long, value_name = "URL", env = "XTASK_WEBDRIVER")]
    pub webdriver: Option<String>,
    /// axe-core's script, which judges how accessible a page is (`@axe`)
    #[arg(long, value_name = "FILE", env = "XTASK_AXE")]
    pub axe: Option<PathBuf>,
    /// A folder for pictures of the pages that are seen
    #[arg(long, value_name = "DIR", env = "XTASK_SCREENSHOTS")]
    pub screenshots: Option<PathBuf>,
}

/// An account that is there already. `Debug` does not show the password.
#[derive(Clone)]
pub struct Login {
    /// Mail address.
    pub email: String,
    /// Password.
    pub password: String,
}

/// Tags of scenarios that need something.
const NEEDS: [&str; 4] = ["mailbox", "accounts", "browser", "axe"];

impl Surroundings {
    /// What a scenario with these tags needs and does not have, by the first such tag.
    pub fn lack<'a>(&self, tags: impl Iterator<Item = &'a str>) -> Option<&'static str> {
        let tags: Vec<&str> = tags.collect();
        NEEDS.into_iter().find(|tag| tags.contains(tag) && !self.has(tag))
    }

    fn has(&self, tag: &str) -> bool {
        match tag {
            "mailbox" => self.mail_folder.is_some(),
            "browser" => self.webdriver.is_some(),
            "axe" => self.axe.is_some(),
            _ => ["admin", "user", "approver", "ingest"]
                .iter()
                .all(|role| self.login(role).is_ok()),
        }
    }

    /// Tells the caller which secrets a scenario used, if they want to know.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn tell<'a>(&self, secrets: impl Iterator<Item = &'a str>) -> Result<()> {
        let Some(path) = &self.secrets else { return Ok(()) };
        let lines: String = secrets
            .map(|secret| format!("{}\n", Value::from(secret)))
            .collect();
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(file.write_all(lines.as_bytes())?)
    }

    /// Where mails are.
    ///
    /// # Errors
    /// When nobody said: the scenario is not tagged `@mailbox`.
    pub fn mail_folder(&self) -> Result<&Path> {
        let folder = self.mail_folder.as_deref();
        folder.context("no mailbox was given: is the tag @mailbox missing?")
    }

    /// The account that was given for a role.
    ///
    /// # Errors
    /// When there is none: the scenario is not tagged `@accounts`.
    pub fn login(&self, role: &str) -> Result<&Login> {
        let login = match role {
            "admin" => &self.admin,
            "user" => &self.user,
            "approver" => &self.approver,
            "ingest" => &self.ingest,
            _ => bail!("there is no role {role}"),
        };
        login.as_ref().with_context(|| {
            format!("no account was given for the role {role}: is the tag @accounts missing?")
        })
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

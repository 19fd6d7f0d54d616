//! The command line: `vault setup` and `vault secret-id`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Parser, Subcommand};
use harness::output::print;
use harness::settings;

use crate::secret_id::{issue_secret_id, issue_secret_id_to};
use crate::server::Server;
use crate::setup::{Database, Jwt, Kubernetes, Setup};

/// The AppRoles of the set-up.
const PROGRAMS: [&str; 6] = [
    "portcullis",
    "portcullis-import",
    "portcullis-accounts",
    "portcullis-audit",
    "portcullis-keys",
    "portcullis-broker",
];

/// Vault or OpenBao for the service.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
pub struct Command {
    #[command(subcommand)]
    command: Outer,
}

#[derive(Subcommand)]
enum Outer {
    /// Set a Vault or OpenBao up, or issue a SecretID
    #[command(subcommand)]
    Vault(Inner),
}

#[derive(Subcommand)]
enum Inner {
    /// Create and correct policies, mounts, roles and quotas; a second run changes nothing
    Setup(SetupOptions),
    /// Issue a SecretID of a program, wrapped, and print the token that opens it
    SecretId(SecretIdOptions),
}

#[derive(Args)]
struct Connection {
    /// The server
    #[arg(long, value_name = "URL")]
    address: String,
    /// File with the token for it, `-` for standard input [default: the variable VAULT_TOKEN]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// PEM file with the only authorities that are trusted [default: the system's]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

#[derive(Args)]
struct SetupOptions {
    #[command(flatten)]
    connection: Connection,
    /// PostgreSQL, as the Vault server reaches it
    #[arg(long, value_name = "HOST")]
    database_host: String,
    /// Port of PostgreSQL
    #[arg(long, value_name = "PORT", default_value_t = 5432)]
    database_port: u16,
    /// Name of the database
    #[arg(long, value_name = "NAME", default_value = "portcullis")]
    database_name: String,
    /// How the Vault server connects to PostgreSQL
    #[arg(long, value_name = "MODE", default_value = "verify-full", value_parser = ["verify-full", "verify-ca", "require", "disable"])]
    database_sslmode: String,
    /// File on the Vault server with PostgreSQL's authority
    #[arg(long, value_name = "FILE")]
    database_ca_file: Option<String>,
    /// Vault's login in PostgreSQL; its password is in PORTCULLIS_DATABASE_VAULT_PASSWORD and needed once
    #[arg(long, value_name = "NAME", default_value = "portcullis_vault")]
    vault_user: String,
    /// Replace the password that Vault has for its login
    #[arg(long)]
    replace_password: bool,
    /// Set the passwords of static logins
    #[arg(long)]
    static_logins: bool,
    /// Let the service account `portcullis` of this Kubernetes namespace log in
    #[arg(long, value_name = "NAMESPACE")]
    kubernetes_namespace: Option<String>,
    /// Audience of the service account's token
    #[arg(
        long,
        value_name = "AUDIENCE",
        default_value = "vault",
        requires = "kubernetes_namespace"
    )]
    kubernetes_audience: String,
    /// Let the holder of a JWT with this subject log in
    #[arg(long, value_name = "SUBJECT", requires = "jwt_audience")]
    jwt_subject: Option<String>,
    /// Audience of the JWT
    #[arg(long, value_name = "AUDIENCE", requires = "jwt_subject")]
    jwt_audience: Option<String>,
    /// Network from which programs may log in; repeatable [default: any]
    #[arg(long, value_name = "CIDR")]
    network: Vec<String>,
}

#[derive(Args)]
struct SecretIdOptions {
    #[command(flatten)]
    connection: Connection,
    /// The program
    #[arg(long, default_value = "portcullis", value_parser = PROGRAMS)]
    role: String,
    /// How long the SecretID can be unwrapped: 1s to 300s
    #[arg(long, value_name = "DURATION", default_value = "60s")]
    wrap: String,
    /// Write the token to a file of mode 0600, replacing a former one, instead of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Connection {
    fn server(&self) -> Result<Server> {
        let token = match &self.token_file {
            Some(file) => read_token(file).with_context(|| format!("--token-file: {}", file.display()))?,
            None => settings::secret("VAULT_TOKEN")
                .context("--token-file: is missing, and VAULT_TOKEN is not set")?,
        };
        Server::new(&self.address, self.ca_file.as_deref(), &token)
    }
}

fn read_token(file: &Path) -> Result<String> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    }?;
    let token = text.trim();
    ensure!(!token.is_empty(), "is empty");
    Ok(token.to_owned())
}

impl Command {
    /// Runs it to its end.
    ///
    /// # Errors
    /// With the reason for the user.
    pub fn run(self) -> Result<()> {
        let Outer::Vault(command) = self.command;
        match command {
            Inner::Setup(options) => options.run(),
            Inner::SecretId(options) => options.run(),
        }
    }
}

impl SetupOptions {
    fn run(self) -> Result<()> {
        let server = self.connection.server()?;
        let setup = Setup {
            database: Database {
                host: self.database_host,
                port: self.database_port,
                name: self.database_name,
                ssl_mode: self.database_sslmode,
                ca_file: self.database_ca_file,
                vault_user: self.vault_user,
            },
            password: settings::secret("PORTCULLIS_DATABASE_VAULT_PASSWORD"),
            replaces_password: self.replace_password,
            static_logins: self.static_logins,
            kubernetes: self.kubernetes_namespace.map(|namespace| Kubernetes {
                namespace,
                audience: self.kubernetes_audience,
            }),
            jwt: self
                .jwt_subject
                .zip(self.jwt_audience)
                .map(|(subject, audience)| Jwt { subject, audience }),
            networks: self.network,
        };
        let changes = setup.apply(&server)?;
        for change in &changes {
            print(&change.to_string());
        }
        if changes.is_empty() {
            print("nothing to change");
        }
        Ok(())
    }
}

impl SecretIdOptions {
    fn run(self) -> Result<()> {
        let server = self.connection.server()?;
        let issued = match &self.output {
            Some(file) => issue_secret_id_to(file, &server, &self.role, &self.wrap)?,
            None => {
                let issued = issue_secret_id(&server, &self.role, &self.wrap)?;
                print(&issued.wrapping_token);
                issued
            }
        };
        eprintln!(
            "VAULT_WRAPPED_SECRET_ID for {}: opens once, within {} s; accessor {}",
            self.role,
            issued.ttl,
            issued.accessor.as_deref().unwrap_or("unknown")
        );
        Ok(())
    }
}

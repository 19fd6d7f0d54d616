//! A fake Vault beside a local stack, which issues the service's database logins and stores its keys.

pub mod process;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::output::Progress;
use harness::process::command::{Command, EnvVars};
use private_postgres::password;
use serde_json::json;

use crate::local_stack::LocalStack;
use crate::postgres::{self, Choice};
use crate::service::DATABASE;
use process::VaultProcess;

/// Where the service's logins come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A new login for each lease.
    Dynamic,
    /// The same login with a new password.
    Static,
}

/// Settings of PostgreSQL that logins of people need: their statements are logged with their names.
const AUDIT: [(&str, &str); 2] = [
    ("shared_preload_libraries", "pgaudit"),
    ("log_line_prefix", "%m [%p] %q%u@%d "),
];

/// The settings with which PostgreSQL accepts logins of people; none if it lacks pgaudit.
pub fn audit_settings(context: &Context, postgres: &Choice) -> Result<Vec<(String, String)>> {
    if matches!(postgres, Choice::Given(_))
        || !postgres::programs(context, postgres.major(None)?)?.has_module("pgaudit")
    {
        return Ok(Vec::new());
    }
    Ok(AUDIT.map(|(name, value)| (name.into(), value.into())).into())
}

/// What a service has from its Vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Its own logins, its keys, and the logins of people.
    Everything,
    /// The logins of people. The service has passwords and keys in files.
    People,
}

/// Starts a fake Vault, and the service with what it has from it.
pub fn serve(
    context: &Context,
    stack: &mut LocalStack,
    progress: &mut Progress,
    scope: Scope,
) -> Result<VaultProcess> {
    let vault = progress.step("starting a fake Vault", || {
        let vault = start(context, stack)?;
        let address = vault.address();
        Ok((vault, address))
    })?;
    let people = access_settings(&vault, stack)?;
    match scope {
        Scope::Everything => {
            permit_uploads(&vault)?;
            let uploads = ("PORTCULLIS_UPLOADS".into(), "on".into());
            stack.portcullis.extend_settings([uploads]);
            let own = settings(&vault, stack, Source::Dynamic)?;
            let all = own.into_iter().chain(people);
            stack.portcullis.serve_with_issued_logins(all.collect());
            let keys = keys_settings(&vault, stack)?;
            stack.portcullis.serve_with_keys_in_vault(context, &keys)?;
        }
        Scope::People => {
            let connection = login(&vault, stack, "portcullis")?;
            stack
                .portcullis
                .extend_settings(connection.into_iter().chain(people));
        }
    }
    progress.step("starting the service", || {
        stack.serve()?.wait_until_ready(context)?;
        Ok(((), format!("ready on {}", stack.base_url())))
    })?;
    Ok(vault)
}

/// Permits the service the login of imports besides its own, as an operator does who enables uploads.
fn permit_uploads(vault: &VaultProcess) -> Result<()> {
    let policies = json!({ "token_policies": ["portcullis-service", "portcullis-import"] });
    vault
        .call("POST", "auth/approle/role/portcullis", &policies)
        .map(drop)
}

/// Starts a fake Vault for a stack and sets up both sides, as an operator does.
pub fn start(context: &Context, stack: &LocalStack) -> Result<VaultProcess> {
    let vault = VaultProcess::start(context, stack.portcullis.secrets_directory())?;
    let password = stack.portcullis.prepare_for_vault(context)?;
    let server = &stack.server;
    // Built before: a compilation must not get the secrets.
    Command::new(context, process::build(context, "vault-setup")?)
        .args(["vault", "setup", "--static-logins", "--address"])
        .args([vault.address()])
        .args(["--database-host", &server.host, "--database-port"])
        .args([server.port.to_string()])
        .args(["--database-name", DATABASE, "--database-sslmode", &server.sslmode])
        .envs([
            ("VAULT_TOKEN", vault.root_token()),
            ("PORTCULLIS_DATABASE_VAULT_PASSWORD", &password),
        ])
        .output()?;
    Ok(vault)
}

/// The settings of a service that gets its logins from this Vault, with a new SecretID in a file.
pub fn settings(vault: &VaultProcess, stack: &LocalStack, source: Source) -> Result<EnvVars> {
    let credentials = match source {
        Source::Dynamic => "vault",
        Source::Static => "vault-static",
    };
    let mut settings = login(vault, stack, "portcullis")?;
    settings.push(("PORTCULLIS_DATABASE_CREDENTIALS".into(), credentials.into()));
    Ok(settings)
}

/// The settings of the commands that change keys in this Vault.
pub fn keys_settings(vault: &VaultProcess, stack: &LocalStack) -> Result<EnvVars> {
    login(vault, stack, "portcullis-keys")
}

/// The settings of a program that logs in to this Vault, with a new SecretID in a file.
fn login(vault: &VaultProcess, stack: &LocalStack, program: &str) -> Result<EnvVars> {
    let secret_id = secret_id(vault, stack, program)?;
    let settings = [
        ("PORTCULLIS_VAULT_ADDRESS", vault.address().into()),
        ("PORTCULLIS_VAULT_AUTH", "approle".into()),
        // The set-up gives each program its name as RoleID.
        ("PORTCULLIS_VAULT_ROLE_ID", program.into()),
        ("PORTCULLIS_VAULT_SECRET_ID_FILE", secret_id.into_os_string()),
    ];
    Ok(settings.map(|(name, value)| (name.into(), value)).into())
}

/// The settings of a service that decides on requests for access and gets logins of people from this Vault.
fn access_settings(vault: &VaultProcess, stack: &LocalStack) -> Result<EnvVars> {
    let program = "portcullis-broker";
    let secret_id = secret_id(vault, stack, program)?;
    let settings = [
        ("PORTCULLIS_ACCESS_REQUESTS", "vault".into()),
        ("PORTCULLIS_ACCESS_VAULT_ROLE_ID", program.into()),
        (
            "PORTCULLIS_ACCESS_VAULT_SECRET_ID_FILE",
            secret_id.into_os_string(),
        ),
    ];
    Ok(settings.map(|(name, value)| (name.into(), value)).into())
}

/// A file with a new SecretID of a program.
fn secret_id(vault: &VaultProcess, stack: &LocalStack, program: &str) -> Result<PathBuf> {
    let path = format!("auth/approle/role/{program}/secret-id");
    let issued = vault.call("POST", &path, &json!({}))?;
    let secret_id = issued["secret_id"].as_str().context("no SecretID")?;
    let file = stack
        .portcullis
        .secrets_directory()
        .join(format!("secret-id-{program}"));
    password::write(&file, secret_id)?;
    Ok(file)
}

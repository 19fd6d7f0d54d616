//! What happens to Vault, to the token endpoint and to the database while the service rotates. Credentials outlive each incident,
//! so that only a restart of the database may fail requests.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::load::Load;
use crate::samples::Outage;
use crate::vault_stack::{Kind, VaultStack};

/// How long Vault or the token endpoint is unavailable: shorter than the time between a renewal that is due and the end of the lease.
const UNAVAILABLE: Duration = Duration::from_secs(2);

/// After the database has restarted, until the service uses it everywhere.
const RECOVERY: Duration = Duration::from_secs(3);

/// One incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// Vault gets SIGKILL and starts again, sealed, with its state.
    Killed,
    /// Vault accepts requests and answers none.
    Frozen,
    /// Vault is sealed.
    Sealed,
    /// Vault answers with errors.
    Failing,
    /// The token endpoint answers with errors.
    EndpointFailing,
    /// The token endpoint accepts requests and answers none.
    EndpointSilent,
    /// PostgreSQL stops and starts again. Announced: requests may fail.
    DatabaseRestarted,
}

const OF_VAULT: [Incident; 5] = [
    Incident::Killed,
    Incident::Frozen,
    Incident::Sealed,
    Incident::DatabaseRestarted,
    Incident::Failing,
];

const OF_TOKENS: [Incident; 3] = [
    Incident::EndpointFailing,
    Incident::EndpointSilent,
    Incident::DatabaseRestarted,
];

impl Incident {
    /// Those that concern logins of a kind, in the order in which they happen, again and again.
    pub fn sequence(kind: Kind) -> impl Iterator<Item = Incident> {
        let incidents: &[Incident] = match kind {
            Kind::Dynamic | Kind::Static => &OF_VAULT,
            Kind::Token => &OF_TOKENS,
        };
        incidents.iter().copied().cycle()
    }

    /// Its line in the report.
    pub fn name(self) -> &'static str {
        match self {
            Incident::Killed => "Vault killed with SIGKILL, started again, unsealed",
            Incident::Frozen => "Vault frozen",
            Incident::Sealed => "Vault sealed, then unsealed",
            Incident::Failing => "Vault answering 500",
            Incident::EndpointFailing => "token endpoint answering 503",
            Incident::EndpointSilent => "token endpoint silent",
            Incident::DatabaseRestarted => "database restarted (announced)",
        }
    }

    /// Carries it out and ends it. Returns the outage that it announces.
    pub fn happen(self, stack: &mut VaultStack, load: &Load) -> Result<Option<Outage>> {
        let wait = |stack: &VaultStack| stack.context.stop.wait_until(UNAVAILABLE, || Ok(false)).map(drop);
        match self {
            Incident::Killed => {
                stack.vault.kill();
                wait(stack)?;
                stack.vault.revive()?;
            }
            Incident::Frozen => {
                stack.vault.freeze(true)?;
                wait(stack)?;
                stack.vault.freeze(false)?;
            }
            Incident::Sealed => {
                stack.vault.seal()?;
                wait(stack)?;
                stack.vault.unseal()?;
            }
            Incident::Failing => {
                let rule =
                    serde_json::json!({"effect": {"error": {"status": 500, "text": "internal error"}}});
                stack.vault.control("POST", "rules", &rule)?;
                wait(stack)?;
                stack.vault.control("DELETE", "rules", &serde_json::Value::Null)?;
            }
            Incident::EndpointFailing => {
                stack.tokens.fail();
                wait(stack)?;
                stack.tokens.recover();
            }
            Incident::EndpointSilent => {
                stack.tokens.silence(UNAVAILABLE);
                wait(stack)?;
                stack.tokens.recover();
            }
            Incident::DatabaseRestarted => return restart_database(stack, load).map(Some),
        }
        Ok(None)
    }
}

fn restart_database(stack: &mut VaultStack, load: &Load) -> Result<Outage> {
    let from = load.elapsed();
    let cluster = stack
        .local
        .cluster()
        .context("the database is not ours to restart")?;
    cluster.stop()?;
    cluster.resume()?;
    let context = stack.context.clone();
    stack.local.serving()?.wait_until_ready(&context)?;
    context.stop.wait_until(RECOVERY, || Ok(false))?;
    Ok(Outage {
        from,
        to: load.elapsed(),
    })
}

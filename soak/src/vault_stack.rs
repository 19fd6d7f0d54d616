//! A local stack whose service gets its database logins from a fake Vault.

use std::time::Duration;

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::output::Progress;
use serde_json::{Value, json};
use stack::local_stack::{LocalStack, Plan};
use stack::vault::process::VaultProcess;
use stack::vault::{self, Source};

use crate::load::User;

/// The logins of `serve`, as roles of Vault name them.
const LOGINS: [&str; 5] = ["rates", "accounts", "wishes", "mail", "demo"];

/// How long what Vault issues lives.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Of a lease, until it is renewed.
    lease: Duration,
    /// Of a lease, with all renewals.
    max_lease: Duration,
    /// Of the service's token, with all renewals.
    max_token: Duration,
    /// Between two passwords of a static login.
    rotation: Duration,
}

impl Lifetimes {
    /// Nothing ends during a run.
    pub const CALM: Lifetimes = Lifetimes {
        lease: Duration::from_secs(3_600),
        max_lease: Duration::from_secs(86_400),
        max_token: Duration::from_secs(86_400),
        rotation: Duration::from_secs(86_400),
    };

    /// Each login is renewed once and then replaced; the token is replaced every minute.
    pub const SHORT: Lifetimes = Lifetimes {
        lease: Duration::from_secs(12),
        max_lease: Duration::from_secs(20),
        max_token: Duration::from_secs(60),
        rotation: Duration::from_secs(8),
    };
}

/// PostgreSQL, a fake Vault and the service.
pub struct VaultStack {
    /// For waits that Ctrl-C ends.
    pub context: Context,
    /// Owner of the load's requests.
    pub user: User,
    /// PostgreSQL and the service. Dropped before Vault, so that the service can revoke its leases.
    pub local: LocalStack,
    /// The fake Vault.
    pub vault: VaultProcess,
}

impl VaultStack {
    /// Starts PostgreSQL with demo data and a configured fake Vault, not the service.
    pub fn start(context: &Context, release: bool) -> Result<VaultStack> {
        let mut plan = Plan {
            release,
            serve: false,
            ..Plan::temporary(context, "soak")?
        };
        // Longer than any soak: tokens of the load must not expire in the middle.
        plan.service_settings
            .push(("PORTCULLIS_ACCESS_TOKEN_TTL".into(), "3600".into()));
        let mut progress = Progress::of(plan.steps() + 1);
        let local = LocalStack::start(context, plan, &mut progress)?;
        let vault = progress.step("starting a fake Vault", || {
            let vault = vault::start(context, &local)?;
            let address = vault.address();
            Ok((vault, address))
        })?;
        let accounts = local.portcullis.accounts()?;
        let user = accounts.into_iter().find(|account| account.role == "user");
        let user = user.context("the demo has no user")?;
        Ok(VaultStack {
            context: context.clone(),
            user: User {
                email: user.email,
                password: user.password,
            },
            local,
            vault,
        })
    }

    /// Starts the service, or starts it again, with logins of this source and these lifetimes.
    pub fn serve(&mut self, source: Source, lifetimes: &Lifetimes) -> Result<()> {
        self.local.stop_service();
        self.tune(lifetimes)?;
        let settings = vault::settings(&self.vault, &self.local, source)?;
        self.local.portcullis.serve_with_issued_logins(settings);
        self.local.serve()?.wait_until_ready(&self.context)
    }

    /// Stops the service, then PostgreSQL.
    pub fn stop(self) -> Result<()> {
        self.local.stop()
    }

    fn tune(&self, lifetimes: &Lifetimes) -> Result<()> {
        let seconds = |time: Duration| format!("{}s", time.as_secs());
        for login in LOGINS {
            let role = json!({
                "db_name": "portcullis",
                "default_ttl": seconds(lifetimes.lease),
                "max_ttl": seconds(lifetimes.max_lease),
            });
            self.vault
                .call("POST", &format!("database/roles/portcullis-{login}"), &role)?;
            let path = format!("database/static-roles/portcullis-static-{login}");
            let known = self.vault.call("GET", &path, &Value::Null)?;
            let role = json!({
                "db_name": "portcullis",
                "username": known["username"],
                // What a write leaves out is reset.
                "rotation_statements": known["rotation_statements"],
                "rotation_period": seconds(lifetimes.rotation),
            });
            self.vault.call("POST", &path, &role)?;
        }
        let token = json!({
            "token_period": "0s",
            "token_ttl": seconds(lifetimes.max_token.min(Duration::from_secs(3_600))),
            "token_max_ttl": seconds(lifetimes.max_token),
        });
        self.vault
            .call("POST", "auth/approle/role/portcullis", &token)
            .map(drop)
    }
}

//! A local stack whose service gets its database logins from a fake Vault, or tokens as passwords from a fake token endpoint.

use std::time::Duration;

use anyhow::{Context as _, Result};
use harness::context::Context;
use harness::output::Progress;
use serde_json::{Value, json};
use stack::local_stack::{LocalStack, Plan};
use stack::psql::Psql;
use stack::vault::process::VaultProcess;
use stack::vault::{self, Source};

use crate::load::User;
use crate::schema::{END_SESSIONS, SCHEMA};
use crate::tokens::Tokens;

/// What a lease of [`Lifetimes::SHORT`] lives.
const LEASE: Duration = Duration::from_secs(12);

/// When planted early revocations end a lease of [`Lifetimes::SHORT`]: half of the time after which the service replaces it.
const EARLY_END: Duration = Duration::from_secs(4);

/// The logins of `serve`, as roles of Vault name them.
const LOGINS: [&str; 5] = ["rates", "accounts", "wishes", "mail", "demo"];

/// Where the service's logins come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Vault: a new login for each lease.
    Dynamic,
    /// Vault: the same login with a new password.
    Static,
    /// The platform: the same login with a new access token.
    Token,
}

impl Kind {
    /// Its line in the report.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Dynamic => "dynamic logins",
            Kind::Static => "static logins",
            Kind::Token => "access tokens",
        }
    }
}

/// Whether credentials live as long as their issuer states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// They do.
    Nothing,
    /// They are revoked early: a lease ends long before the service replaces it; the service's sessions end as soon as there is
    /// another static password or token, before the service has it.
    EarlyRevocations,
}

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

    /// For a rotation every two seconds: the first renewal of a lease, after 8 s at most, reaches the maximum TTL, so the login is
    /// replaced. Four seconds of the lease then remain, twice as long as Vault is unavailable in an incident. The
    /// service's token is replaced after 20 s, and with it all logins. Vault permits no shorter period of a static password.
    pub const SHORT: Lifetimes = Lifetimes {
        lease: LEASE,
        max_lease: LEASE,
        max_token: Duration::from_secs(30),
        rotation: Duration::from_secs(5),
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
    /// The fake token endpoint.
    pub tokens: Tokens,
    /// Whether credentials end before the service replaces them.
    plant: Plant,
}

impl VaultStack {
    /// Starts PostgreSQL with demo data, a configured fake Vault and a token endpoint, not the service.
    pub fn start(context: &Context, release: bool) -> Result<VaultStack> {
        let mut plan = Plan {
            release,
            serve: false,
            ..Plan::temporary(context, "soak")?
        };
        // Longer than any soak: tokens of the load must not expire in the middle.
        plan.service_settings
            .push(("PORTCULLIS_ACCESS_TOKEN_TTL".into(), "3600".into()));
        let mut progress = Progress::of(plan.steps() + 2);
        let local = LocalStack::start(context, plan, &mut progress)?;
        let vault = progress.step("starting a fake Vault", || {
            let vault = vault::start(context, &local)?;
            let address = vault.address();
            Ok((vault, address))
        })?;
        let tokens = progress.step("starting a token endpoint", || {
            let psql = Psql::find(context, &local)?;
            psql.run(&[SCHEMA])?;
            Ok((Tokens::start(context, psql)?, "its tokens end"))
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
            tokens,
            plant: Plant::Nothing,
        })
    }

    /// Starts the service, or starts it again, with logins of this kind and these lifetimes.
    pub fn serve(&mut self, kind: Kind, lifetimes: &Lifetimes) -> Result<()> {
        self.local.stop_service();
        self.tune(lifetimes)?;
        let settings = match kind {
            Kind::Dynamic => vault::settings(&self.vault, &self.local, Source::Dynamic)?,
            Kind::Static => vault::settings(&self.vault, &self.local, Source::Static)?,
            Kind::Token => self.tokens.settings(),
        };
        self.local.portcullis.serve_with_issued_logins(settings);
        self.local.serve()?.wait_until_ready(&self.context)
    }

    /// Plants early revocations for services that start from now on, or removes them.
    pub fn plant(&mut self, plant: Plant) -> Result<()> {
        self.plant = plant;
        self.tokens.end_sessions(plant == Plant::EarlyRevocations);
        match plant {
            Plant::Nothing => self.vault.control("DELETE", "rules", &Value::Null),
            Plant::EarlyRevocations => {
                let milliseconds = u64::try_from(EARLY_END.as_millis())?;
                let rule = json!({
                    "path": "database/creds",
                    "effect": {"end_lease_after_ms": milliseconds},
                });
                self.vault.control("POST", "rules", &rule)
            }
        }
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
            let statements = known["rotation_statements"].as_array();
            let mut statements = statements.cloned().context("no rotation statements")?;
            statements.retain(|statement| statement != END_SESSIONS);
            if self.plant == Plant::EarlyRevocations {
                statements.push(END_SESSIONS.into());
            }
            let role = json!({
                "db_name": "portcullis",
                "username": known["username"],
                // What a write leaves out is reset.
                "rotation_statements": statements,
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

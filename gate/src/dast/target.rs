//! The service that a scan looks at: our own, with its data and its people, or the one that is bad on purpose; for one look
//! each, so that no scan disturbs another.

use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use harness::http_client::{Request, Response, send};
use harness::output::Progress;
use stack::accounts::Account;
use stack::local_stack::{LocalStack, Plan};

use crate::dast::bad_server::BadServer;
use crate::dast::openapi::OpenApi;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;
use crate::shared::Shared;

/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What stands for a token where none is checked; redacted like a real one, so that the planted run shows that too.
const NO_TOKEN: &str = "planted-token-0123456789abcdef";

/// A service that runs.
pub struct Target<'a> {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// What it says that it can do.
    pub document: OpenApi,
    shared: &'a Shared<'a>,
    accounts: Vec<Account>,
    /// Ours; `None`: the bad one.
    stage: Option<LocalStack>,
    _bad: Option<BadServer>,
}

impl<'a> Target<'a> {
    /// Starts it: the bad one with the document of the planted defect, or our own with these settings. Its people's passwords are secrets of the
    /// run from now on.
    pub fn start(
        ctx: &ScanContext<'a>,
        name: &str,
        settings: &[(&str, &str)],
    ) -> Result<Target<'a>, ScanError> {
        if ctx.planted {
            let document = std::fs::read_to_string(ctx.subject.join("openapi.json"))?;
            let bad = BadServer::start(document.clone())?;
            ctx.shared.register_secret(NO_TOKEN);
            return Ok(Target {
                port: bad.port,
                document: OpenApi::parse(&document)?,
                shared: ctx.shared,
                accounts: Vec::new(),
                stage: None,
                _bad: Some(bad),
            });
        }
        let context = ctx.context();
        let mut plan = Plan::temporary(context, &format!("gate-{name}"))?;
        // No token may end in the middle of a scan.
        let life = ("PORTCULLIS_ACCESS_TOKEN_TTL".into(), "3600".into());
        plan.service_settings.push(life);
        let own = settings.iter().map(|(name, value)| (name.into(), value.into()));
        plan.service_settings.extend(own);
        let mut stage = LocalStack::start(context, plan, &mut Progress::silent())?;
        let accounts = stage.portcullis.accounts()?;
        for account in &accounts {
            let login = format!("{}:{}", account.email, account.password);
            ctx.shared.register_secret(BASE64.encode(login));
            ctx.shared.register_secret(&account.password);
        }
        let port = stage.serving().map_or(0, |serving| serving.port);
        let request = Request {
            method: "GET",
            target: "/openapi.json",
            ..Request::default()
        };
        let document = send(port, &request, PATIENCE)?;
        Ok(Target {
            port,
            document: OpenApi::parse(&document.body)?,
            shared: ctx.shared,
            accounts,
            stage: Some(stage),
            _bad: None,
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Whether it is the bad one.
    pub fn is_planted(&self) -> bool {
        self._bad.is_some()
    }

    /// Asks it.
    pub fn ask(&self, request: &Request<'_>) -> Result<Response, ScanError> {
        Ok(send(self.port, request, PATIENCE)?)
    }

    /// From now on this is taken out of whatever is kept.
    pub fn register_secret(&self, secret: &str) {
        self.shared.register_secret(secret);
    }

    /// A new session's access token for the person with this role: a secret of the run.
    pub fn token(&self, role: &str) -> Result<String, ScanError> {
        if self.is_planted() {
            return Ok(NO_TOKEN.to_owned());
        }
        let account = self.account(role)?;
        let login = BASE64.encode(format!("{}:{}", account.email, account.password));
        let request = Request {
            method: "POST",
            target: "/login",
            headers: &[("Authorization", &format!("Basic {login}"))],
            ..Request::default()
        };
        let answer = self.ask(&request)?;
        let token = answer.body.trim().to_owned();
        self.shared.register_secret(&token);
        match answer.status {
            200 => Ok(token),
            status => Err(ScanError::ToolFailed(format!(
                "the {role} cannot log in: {status}"
            ))),
        }
    }

    /// Whether a token still counts: whoever was signed out in the middle of a scan has looked at refusals.
    pub fn still_counts(&self, token: &str) -> Result<(), ScanError> {
        let request = Request {
            method: "GET",
            target: "/auth/me",
            headers: &[("Authorization", &format!("Bearer {token}"))],
            ..Request::default()
        };
        if self.is_planted() {
            return Ok(());
        }
        match self.ask(&request)?.status {
            200 => Ok(()),
            status => Err(ScanError::ToolFailed(format!(
                "the token no longer counted at the end of the scan: {status}"
            ))),
        }
    }

    /// The password of the person with this role.
    pub fn password(&self, role: &str) -> Result<&str, ScanError> {
        if self.is_planted() {
            return Ok(NO_TOKEN);
        }
        Ok(&self.account(role)?.password)
    }

    /// Stops our database and leaves the service running.
    pub fn stop_database(&mut self) -> Result<(), ScanError> {
        let Some(cluster) = self.stage.as_mut().and_then(LocalStack::cluster) else {
            return Ok(());
        };
        Ok(cluster.stop().map_err(anyhow::Error::from)?)
    }

    /// The person with this role.
    pub fn account(&self, role: &str) -> Result<&Account, ScanError> {
        let found = self.accounts.iter().find(|account| account.role == role);
        Ok(found.with_context(|| format!("the demo has no {role}"))?)
    }
}

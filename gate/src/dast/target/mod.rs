//! The service to attack: the repository's own with its data and accounts, or the bad server. Each scan starts its own, so
//! that no scan disturbs another.

pub mod settings;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use harness::http_client::{Request, Response, send};
use harness::process::interactive::Interactive;
use serde::Deserialize;

use crate::config;
use crate::dast::bad_server::BadServer;
use crate::dast::openapi::OpenApi;
use crate::dast::target::settings::Pages;
use crate::run_state::RunState;
use crate::scan_context::ScanContext;
use crate::scan_result::ScanError;

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The token for the bad server. It is redacted like a real one, so that the canary tests redaction, too.
const NO_TOKEN: &str = "planted-token-0123456789abcdef";

pub struct Target<'a> {
    /// On 127.0.0.1.
    pub port: u16,
    pub document: OpenApi,
    pub config: &'a settings::Target,
    run_state: &'a RunState<'a>,
    accounts: Vec<Account>,
    server: Server,
}

enum Server {
    Own(Box<RefCell<Interactive>>),
    Bad { _server: BadServer },
}

/// An account of the service.
#[derive(Deserialize)]
pub struct Account {
    pub role: String,
    pub email: String,
    pub password: String,
}

/// The first line of the target's command.
#[derive(Deserialize)]
struct Ready {
    url: String,
    accounts: Vec<Account>,
}

/// Its answer to a request.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Value(String),
    Error(String),
}

impl<'a> Target<'a> {
    /// Starts the bad server with the canary's document, or the repository's own service with more arguments. Registers the
    /// passwords of its accounts as secrets.
    pub fn start(ctx: &ScanContext<'a>, gate: &str, arguments: &[String]) -> Result<Target<'a>, ScanError> {
        let config = config::needed(ctx.config().target.as_ref(), "target")?;
        let run_state = ctx.run_state;
        if ctx.planted {
            let document = std::fs::read_to_string(ctx.subject.join("openapi.json"))?;
            let bad = BadServer::start(document.clone())?;
            run_state.register_secret(NO_TOKEN);
            return Ok(Target {
                port: bad.port,
                document: OpenApi::parse(&document)?,
                config,
                run_state,
                accounts: Vec::new(),
                server: Server::Bad { _server: bad },
            });
        }
        let command = config
            .command
            .command(ctx.context(), &[("gate", gate)])
            .args(arguments);
        let (started, line) = ctx.start(&command, "target")?;
        let ready: Ready = serde_json::from_str(&line).context("the first line of the target's command")?;
        for account in &ready.accounts {
            let login = format!("{}:{}", account.email, account.password);
            run_state.register_secret(BASE64.encode(login));
            run_state.register_secret(&account.password);
        }
        let port = ready
            .url
            .strip_prefix("http://127.0.0.1:")
            .and_then(|port| port.parse().ok());
        let port = port.with_context(|| format!("{} is not on 127.0.0.1", ready.url))?;
        let request = Request {
            method: "GET",
            target: &config.openapi,
            ..Request::default()
        };
        let document = send(port, &request, RESPONSE_TIMEOUT)?;
        Ok(Target {
            port,
            document: OpenApi::parse(&document.body)?,
            config,
            run_state,
            accounts: ready.accounts,
            server: Server::Own(Box::new(RefCell::new(started))),
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn document_url(&self) -> String {
        format!("{}{}", self.url(), self.config.openapi)
    }

    pub fn pages(&self) -> &'a Pages {
        &self.config.pages
    }

    /// Whether it is the bad server.
    pub fn is_planted(&self) -> bool {
        matches!(self.server, Server::Bad { .. })
    }

    pub fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Response, ScanError> {
        let request = Request {
            method,
            target,
            headers,
            body,
        };
        Ok(send(self.port, &request, RESPONSE_TIMEOUT)?)
    }

    pub fn register_secret(&self, secret: &str) {
        self.run_state.register_secret(secret);
    }

    /// The access token of a new session of the account with this role, registered as a secret.
    pub fn token(&self, role: &str) -> Result<String, ScanError> {
        let token = self.ask(&format!("token {role}"), NO_TOKEN)?;
        self.run_state.register_secret(&token);
        Ok(token)
    }

    /// The id of a new session of the account with this role.
    pub fn session(&self, role: &str) -> Result<String, ScanError> {
        self.ask(&format!("session {role}"), "1")
    }

    /// What the target's command answers to this line, such as the id of something that it creates.
    pub fn value(&self, line: &str) -> Result<String, ScanError> {
        self.ask(line, "1")
    }

    /// How many 2xx responses each operation gave, by `METHOD /path/{template}`; none of the bad server are known.
    pub fn answered(&self) -> Result<BTreeMap<String, u64>, ScanError> {
        let value = self.ask("answered", "")?;
        let count = |line: &str| {
            let (label, count) = line.rsplit_once(' ')?;
            Some((label.to_owned(), count.parse().ok()?))
        };
        let counts: Option<_> = value.lines().map(count).collect();
        Ok(counts.with_context(|| format!("not `METHOD PATH COUNT` lines: {value}"))?)
    }

    /// Stops the database; the service keeps running.
    pub fn stop_database(&self) -> Result<(), ScanError> {
        self.ask("stop-database", "").map(drop)
    }

    /// Fails when a token is no longer valid: a scan that lost its session was rejected everywhere.
    pub fn ensure_valid(&self, token: &str) -> Result<(), ScanError> {
        if self.is_planted() {
            return Ok(());
        }
        let bearer = format!("Bearer {token}");
        let own_account = &self.config.own_account;
        let response = self.send("GET", own_account, &[("Authorization", &bearer)], "")?;
        let status = response.status;
        if status == 200 {
            return Ok(());
        }
        let error = format!("the token was no longer valid at the end of the scan: {status}");
        Err(ScanError::ToolFailed(error))
    }

    pub fn password(&self, role: &str) -> Result<&str, ScanError> {
        if self.is_planted() {
            return Ok(NO_TOKEN);
        }
        Ok(&self.account(role)?.password)
    }

    pub fn account(&self, role: &str) -> Result<&Account, ScanError> {
        let found = self.accounts.iter().find(|account| account.role == role);
        Ok(found.with_context(|| format!("no account has the role {role}"))?)
    }

    /// Sends a line to the target's command and returns its answer; `planted` is the answer of the bad server.
    fn ask(&self, line: &str, planted: &str) -> Result<String, ScanError> {
        let Server::Own(server) = &self.server else {
            return Ok(planted.to_owned());
        };
        let answer = server.borrow_mut().request(line)?;
        match serde_json::from_str(&answer).context("an answer of the target's command")? {
            Answer::Value(value) => Ok(value),
            Answer::Error(error) => Err(ScanError::ToolFailed(format!("`{line}`: {error}"))),
        }
    }
}

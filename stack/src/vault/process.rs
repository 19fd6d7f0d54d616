//! The fake Vault as a process: started, killed and started again with its state, frozen, sealed, configured as root.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use harness::cargo_messages;
use harness::context::Context;
use harness::http_client::{self, Request};
use harness::process::command::Command;
use harness::process::interactive::Interactive;
use serde::Deserialize;
use serde_json::{Value, json};

/// Longer than any call takes, revocations included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Variables that name another Vault, or hold a token for one.
const VARIABLES: [&str; 3] = ["VAULT_TOKEN", "VAULT_ADDR", "BAO_TOKEN"];

/// What it prints when it is ready.
#[derive(Deserialize)]
struct Started {
    address: String,
    root_token: String,
    unseal_keys: Vec<String>,
}

/// A running fake Vault; it ends when this is dropped.
pub struct VaultProcess {
    context: Context,
    program: PathBuf,
    state: PathBuf,
    log: PathBuf,
    process: Option<Interactive>,
    /// Its port on 127.0.0.1, also after a restart.
    port: u16,
    root_token: String,
    unseal_key: String,
}

impl VaultProcess {
    /// Builds and starts it with its state in this folder, which only its owner can read.
    pub fn start(context: &Context, folder: &Path) -> Result<VaultProcess> {
        let mut vault = VaultProcess {
            context: context.clone(),
            program: build(context, "fake-vault")?,
            state: folder.join("vault-state.json"),
            log: folder.join("vault.log"),
            process: None,
            port: 0,
            root_token: String::new(),
            unseal_key: String::new(),
        };
        let started = vault.spawn()?;
        vault.root_token = started.root_token;
        vault.unseal_key = started.unseal_keys.into_iter().next().context("no unseal key")?;
        Ok(vault)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its root token. Only for the set-up: in an environment, never in a log.
    pub fn root_token(&self) -> &str {
        &self.root_token
    }

    /// A call as root; the data of its answer, or `Null`.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let answer = self.send(method, &format!("/v1/{path}"), body)?;
        Ok(answer.get("data").cloned().unwrap_or_default())
    }

    /// A call of the control interface.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Result<()> {
        self.send(method, &format!("/control/{path}"), body).map(drop)
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again with its state, and unseals it.
    pub fn revive(&mut self) -> Result<()> {
        self.spawn()?;
        self.unseal()
    }

    /// Seals it.
    pub fn seal(&self) -> Result<()> {
        self.call("PUT", "sys/seal", &Value::Null).map(drop)
    }

    /// Unseals it.
    pub fn unseal(&self) -> Result<()> {
        let answer = self.send("PUT", "/v1/sys/unseal", &json!({"key": self.unseal_key}))?;
        ensure!(answer["sealed"] == false, "the fake Vault remains sealed");
        Ok(())
    }

    /// Requests hang until it is thawed.
    pub fn freeze(&self, frozen: bool) -> Result<()> {
        self.control("PUT", "frozen", &json!(frozen))
    }

    fn spawn(&mut self) -> Result<Started> {
        let mut options = OpenOptions::new();
        let log = options.create(true).append(true).mode(0o600).open(&self.log)?;
        let command = Command::new(&self.context, &self.program)
            .args(["--port", &self.port.to_string(), "--max-request-seconds", "10"])
            .args(["--state".as_ref(), self.state.as_os_str()])
            .without_env(VARIABLES.map(Into::into));
        let mut process = command.interactive(&log)?;
        let line = process.line().with_context(|| {
            let text = fs::read_to_string(&self.log).unwrap_or_default();
            format!("the fake Vault did not start: {}", text.trim())
        })?;
        let started: Started = serde_json::from_str(&line).context("the fake Vault's first line")?;
        let (_, port) = started.address.rsplit_once(':').context("its address")?;
        self.port = port.parse().context("its port")?;
        self.process = Some(process);
        Ok(started)
    }

    fn send(&self, method: &str, target: &str, body: &Value) -> Result<Value> {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let headers = [
            ("X-Vault-Token", self.root_token.as_str()),
            ("Content-Type", "application/json"),
        ];
        let request = Request {
            method,
            target,
            headers: &headers,
            body: &text,
        };
        let response = http_client::send(self.port, &request, TIMEOUT)
            .with_context(|| format!("{method} {target} of the fake Vault"))?;
        match response.status {
            200 if !response.body.trim().is_empty() => Ok(serde_json::from_str(&response.body)?),
            200 | 204 => Ok(Value::Null),
            status => bail!("{method} {target}: {status} {}", response.body.trim()),
        }
    }
}

/// Builds the program of a crate with the features that its dependencies have in tests, as `AS_TESTED` in `xtask/src/main.rs`
/// does for programs that replace it.
pub(super) fn build(context: &Context, package: &str) -> Result<PathBuf> {
    let command = Command::cargo(context).args([
        "build",
        "--locked",
        "--workspace",
        "--examples",
        "--bin",
        package,
        "--message-format",
        "json-render-diagnostics",
    ]);
    let mut program = None;
    let status = command.lines(|line| program = cargo_messages::executable(line).or(program.take()))?;
    ensure!(status.success(), "{package} does not build");
    program.with_context(|| format!("cargo did not report the path of {package}"))
}

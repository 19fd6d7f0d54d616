//! Calls to a Vault server: no redirects, which would take the token to another server, no proxy, and TLS unless it is on this machine.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::blocking::{Client, Response};
use reqwest::{Certificate, Method, Url, redirect};
use serde_json::Value;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Configuring a connection waits for PostgreSQL.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The largest answer is the list of all mounts.
const MAX_ANSWER_BYTES: u64 = 4 << 20;

/// A server and the token for it.
pub struct Server {
    client: Client,
    address: Url,
    token: String,
}

impl Server {
    /// A server at this address, whose certificate an authority of the system or of this file must have signed.
    ///
    /// # Errors
    /// When the address is malformed or without TLS beyond this machine, or the file is unreadable.
    pub fn new(address: &str, ca_file: Option<&Path>, token: &str) -> Result<Server> {
        let address: Url = address
            .parse()
            .with_context(|| format!("--address: {address} is not a URL"))?;
        let is_local = matches!(address.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        match address.scheme() {
            "https" => {}
            "http" if is_local => {}
            _ => bail!("--address: must begin with https://, unless the server is on this machine"),
        }
        if address.path() != "/" || address.query().is_some() || !address.username().is_empty() {
            bail!("--address: must be scheme, host and port only");
        }
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT);
        if let Some(file) = ca_file {
            let text = std::fs::read(file).with_context(|| format!("--ca-file: {}", file.display()))?;
            let roots = Certificate::from_pem_bundle(&text)
                .ok()
                .filter(|roots| !roots.is_empty());
            let roots =
                roots.with_context(|| format!("--ca-file: {} has no certificate in PEM", file.display()))?;
            client = client.tls_certs_only(roots);
        }
        Ok(Server {
            client: client.build()?,
            address,
            token: token.to_owned(),
        })
    }

    /// Reads an object: the member `data` of the answer. `None`: there is none.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn read(&self, path: &str) -> Result<Option<Value>> {
        let response = self.send(Method::GET, path, None, None)?;
        if response.status().as_u16() == 404 {
            return Ok(None);
        }
        let mut answer = accepted(response, path)?;
        Ok(Some(answer["data"].take()))
    }

    /// Writes an object and returns the answer, `Null` without one.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn write(&self, path: &str, body: &Value) -> Result<Value> {
        accepted(self.send(Method::POST, path, Some(body), None)?, path)
    }

    /// Writes, and has the answer wrapped: it can be opened once, during this time.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn write_wrapped(&self, path: &str, body: &Value, ttl: &str) -> Result<Value> {
        accepted(self.send(Method::POST, path, Some(body), Some(ttl))?, path)
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        wrap_ttl: Option<&str>,
    ) -> Result<Response> {
        let url = self.address.join(&format!("v1/{path}"))?;
        let mut request = self
            .client
            .request(method, url)
            .header("X-Vault-Token", &self.token)
            .header("X-Vault-Request", "true");
        if let Some(ttl) = wrap_ttl {
            request = request.header("X-Vault-Wrap-TTL", ttl);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request
            .send()
            .with_context(|| format!("{path}: no answer from {}", self.address))
    }
}

/// The body of a success. Errors carry the server's own texts, which contain no secret, and no other part of an answer.
fn accepted(response: Response, path: &str) -> Result<Value> {
    let status = response.status();
    let mut text = String::new();
    response
        .take(MAX_ANSWER_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("{path}: the answer ended early"))?;
    ensure!(
        text.len() as u64 <= MAX_ANSWER_BYTES,
        "{path}: the answer is too large"
    );
    if status.is_success() {
        if text.is_empty() {
            return Ok(Value::Null);
        }
        return serde_json::from_str(&text)
            .ok()
            .with_context(|| format!("{path}: the answer is not JSON"));
    }
    let errors: Value = serde_json::from_str(&text).unwrap_or_default();
    let errors = errors["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = errors.iter().filter_map(Value::as_str).map(str::trim).collect();
    bail!("{path}: the server answered {status}: {}", texts.join("; "))
}

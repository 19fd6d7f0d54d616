//! `stack target`: a service for the gate's dynamic scans, with demo data and accounts. It prints
//! `{"url": …, "accounts": [{"role", "email", "password"}]}` on one line when it is ready, answers each line of standard
//! input with `{"value": …}` or `{"error": …}`, and stops everything when standard input is closed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Args;
use harness::context::Context;
use harness::http_client::{Request, Response, send};
use harness::output::{Progress, print};
use harness::process::lines::Lines;
use serde_json::{Value, json};

use crate::accounts::Account;
use crate::local_stack::{LocalStack, Plan};

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub struct Options {
    /// For the name of the service's log
    #[arg(long, default_value = "target")]
    name: String,
    /// A setting of the service
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once('=').context("not of the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Serves until standard input is closed.
pub fn run(context: &Context, options: &Options) -> Result<()> {
    let mut plan = Plan::temporary(context, &options.name)?;
    // No token, and no proof of a password, may expire in the middle of a scan.
    let lasting = ["PORTCULLIS_ACCESS_TOKEN_TTL", "PORTCULLIS_PROOF_MAX_AGE"];
    let lasting = lasting.map(|name| (name.into(), "3600".into()));
    let given = options
        .set
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    plan.service_settings.extend(lasting.into_iter().chain(given));
    let stack = LocalStack::start(context, plan, &mut Progress::silent())?;
    let mut target = Target {
        accounts: stack.portcullis.accounts()?,
        stack,
    };
    let accounts: Vec<_> = target
        .accounts
        .iter()
        .map(|account| json!({ "role": account.role, "email": account.email, "password": account.password }))
        .collect();
    print(&json!({ "url": target.stack.base_url(), "accounts": accounts }).to_string());
    let requests = Lines::read(std::io::stdin());
    while let Some(request) = requests.next(&context.stop) {
        let response = match target.respond(&request) {
            Ok(value) => json!({ "value": value }),
            Err(error) => json!({ "error": format!("{error:#}") }),
        };
        print(&response.to_string());
    }
    target.stack.stop()
}

struct Target {
    stack: LocalStack,
    accounts: Vec<Account>,
}

impl Target {
    fn respond(&mut self, line: &str) -> Result<String> {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("token", role) => self.token(role),
            ("session", role) => self.session(role),
            ("invite", "") => self.invite(),
            ("answered", "") => self.answered(),
            ("stop-database", "") => {
                self.stack.cluster().context("the server is not ours")?.stop()?;
                Ok(String::new())
            }
            _ => bail!("unknown request `{line}`"),
        }
    }

    /// The access token of a new session.
    fn token(&mut self, role: &str) -> Result<String> {
        let account = self.accounts.iter().find(|account| account.role == role);
        let account = account.with_context(|| format!("no account has the role {role}"))?;
        let login = BASE64.encode(format!("{}:{}", account.email, account.password));
        let login = format!("Basic {login}");
        let Response { status, body, .. } = self.send("POST", "/login", &[("Authorization", &login)], "")?;
        ensure!(status == 200, "the {role} cannot log in: {status}");
        Ok(body.trim().to_owned())
    }

    /// The id of a new session.
    fn session(&mut self, role: &str) -> Result<String> {
        let bearer = format!("Bearer {}", self.token(role)?);
        let response = self.send("GET", "/auth/sessions", &[("Authorization", &bearer)], "")?;
        let list: Value = serde_json::from_str(&response.body).context("no list of sessions")?;
        let mut sessions = list["sessions"].as_array().into_iter().flatten();
        let current = sessions.find(|session| session["current"] == true);
        let id = current.and_then(|session| session["id"].as_str());
        Ok(id.context("the session is not listed")?.to_owned())
    }

    /// The id of an account that is invited and has not accepted.
    fn invite(&mut self) -> Result<String> {
        let bearer = format!("Bearer {}", self.token("admin")?);
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
        ];
        let response = self.send("POST", "/user", &headers, r#"{"email": "invited@demo.example"}"#)?;
        let invited: Value = serde_json::from_str(&response.body).unwrap_or_default();
        let id = invited["id"].as_u64().map(|id| id.to_string());
        id.with_context(|| format!("the invitation was not accepted: {}", response.status))
    }

    /// `METHOD /path/{template} COUNT` for each operation that gave 2xx responses, from the service's metrics.
    fn answered(&mut self) -> Result<String> {
        let request = Request {
            method: "GET",
            target: "/metrics",
            ..Request::default()
        };
        let response = send(self.stack.internal_port(), &request, RESPONSE_TIMEOUT)?;
        ensure!(response.status == 200, "no metrics: {}", response.status);
        let lines: Vec<String> = successes(&response.body)
            .into_iter()
            .map(|(label, count)| format!("{label} {count}"))
            .collect();
        Ok(lines.join("\n"))
    }

    fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Result<Response> {
        let port = self.stack.serving()?.port;
        let request = Request {
            method,
            target,
            headers,
            body,
        };
        send(port, &request, RESPONSE_TIMEOUT)
    }
}

/// 2xx responses by method and path template, in Prometheus' text format.
fn successes(metrics: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in metrics.lines() {
        let Some(rest) = line.strip_prefix("http_server_request_duration_seconds_count{") else {
            continue;
        };
        let Some((labels, count)) = rest.rsplit_once("} ") else {
            continue;
        };
        let label = |name: &str| {
            let (_, value) = labels.split_once(&format!("{name}=\""))?;
            value.split('"').next()
        };
        let status = label("http_response_status_code").unwrap_or_default();
        if let (Some(method), Some(route), true) = (
            label("http_request_method"),
            label("http_route"),
            status.starts_with('2'),
        ) {
            *counts.entry(format!("{method} {route}")).or_default() += count.trim().parse().unwrap_or(0);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::successes;

    #[test]
    fn successes_are_counted_by_operation() {
        let metrics = r#"# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",http_route="/rates",le="1"} 3
http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/wishes/{id}"} 3
http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="206",http_route="/wishes/{id}"} 1
http_server_request_duration_seconds_count{http_request_method="PUT",http_response_status_code="412",http_route="/wishes/{id}"} 9
"#;
        let counts: Vec<(String, u64)> = successes(metrics).into_iter().collect();
        assert_eq!(counts, [("GET /wishes/{id}".to_owned(), 4)]);
    }
}

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
use crate::vault::process::VaultProcess;
use crate::vault::{self, Scope};

const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The service's worker issues a login within seconds.
const ISSUE_TIMEOUT: Duration = Duration::from_secs(30);

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
    plan.serve = false;
    plan.postgres_settings = vault::audit_settings(context, &plan.postgres)?;
    let issues_logins = !plan.postgres_settings.is_empty();
    let mut progress = Progress::silent();
    let mut stack = LocalStack::start(context, plan, &mut progress)?;
    // Scans attack the service, so its own logins are the simplest.
    let vault = vault::serve(context, &mut stack, &mut progress, Scope::People)?;
    let mut target = Target {
        context,
        accounts: stack.portcullis.accounts()?,
        stack,
        _vault: vault,
        issues_logins,
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

struct Target<'a> {
    context: &'a Context,
    /// Dropped before Vault, so that the service can revoke its logins.
    stack: LocalStack,
    _vault: VaultProcess,
    accounts: Vec<Account>,
    /// Whether people get logins of the database: PostgreSQL has pgaudit.
    issues_logins: bool,
}

impl Target<'_> {
    fn respond(&mut self, line: &str) -> Result<String> {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("token", role) => self.token(role),
            ("session", role) => self.session(role),
            ("invite", "") => Ok(self.invite()?.to_string()),
            ("client", "") => self.client(),
            ("access-request", role) => Ok(self.access_request(role)?.to_string()),
            ("approved-access", role) => Ok(self.approved_access(role)?.0.to_string()),
            ("access-login", role) => Ok(self.approved_access(role)?.1),
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
    fn invite(&mut self) -> Result<u64> {
        let admin = self.token("admin")?;
        let invited = self.call(&admin, "POST", "/user", r#"{"email": "invited@demo.example"}"#)?;
        id_of(&invited)
    }

    /// The id of a new machine client.
    fn client(&mut self) -> Result<String> {
        let admin = self.token("admin")?;
        let body = r#"{"name": "A scan", "scopes": ["rates:write"]}"#;
        let created = self.call(&admin, "POST", "/clients", body)?;
        Ok(created["id"]
            .as_str()
            .context("the response has no id")?
            .to_owned())
    }

    /// The id of a new request for access to the database.
    fn access_request(&mut self, role: &str) -> Result<u64> {
        let token = self.token(role)?;
        let body = r#"{"level": "rates-read", "reason": "Reconcile prices", "hours": 8}"#;
        id_of(&self.call(&token, "POST", "/access/requests", body)?)
    }

    /// The id of an approved request for access, and the name of its login, which its owner has not collected. The name is
    /// `none` if this PostgreSQL accepts no logins of people.
    fn approved_access(&mut self, role: &str) -> Result<(u64, String)> {
        let id = self.access_request(role)?;
        let (approver, admin) = (self.token("approver")?, self.token("admin")?);
        let path = format!("/access/requests/{id}/approve");
        self.call(&approver, "POST", &path, r#"{"reason": "A scan needs it"}"#)?;
        let mut name = None;
        if self.issues_logins {
            let stop = self.context.stop.clone();
            stop.wait_until(ISSUE_TIMEOUT, || {
                let issued = self.call(&admin, "GET", "/admin/audit?action=access_login.issued", "")?;
                name = name_of_login(&issued, id);
                Ok(name.is_some())
            })?;
            ensure!(name.is_some(), "no login was issued for the request {id}");
        }
        Ok((id, name.unwrap_or_else(|| "none".to_owned())))
    }

    /// The response to a call that succeeds.
    fn call(&mut self, token: &str, method: &str, path: &str, body: &str) -> Result<Value> {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        let response = self.send(method, path, &headers, body)?;
        let status = response.status;
        ensure!((200..300).contains(&status), "{method} {path}: {status}");
        serde_json::from_str(&response.body).with_context(|| format!("the response to {method} {path}"))
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

fn id_of(created: &Value) -> Result<u64> {
    created["id"].as_u64().context("the response has no id")
}

/// The name of the login that was issued for this request, in a page of audit events.
fn name_of_login(issued: &Value, request: u64) -> Option<String> {
    let mut details = issued["events"].as_array()?.iter().map(|event| &event["detail"]);
    let detail = details.find(|detail| detail["request"] == request)?;
    Some(detail["name"].as_str()?.to_owned())
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
    use super::{name_of_login, successes};
    use serde_json::json;

    #[test]
    fn the_login_of_a_request_is_found_among_the_events() {
        let event = |request: u64, name: &str| json!({ "detail": { "request": request, "name": name } });
        let page = json!({ "events": [event(12, "other"), event(2, "wanted")] });
        assert_eq!(name_of_login(&page, 2), Some("wanted".to_owned()));
        assert_eq!(name_of_login(&page, 1), None);
    }

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

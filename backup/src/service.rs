//! What the service answers before the loss and after the restore: rates, and a login that adds a wish.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use demo::Bulk;
use harness::http_client;
use serde_json::{Value, json};
use stack::local_stack::LocalStack;

/// The routes that are compared.
const ROUTES: usize = 20;

const TIMEOUT: Duration = Duration::from_secs(15);

/// Answers of a running service.
pub struct Answers {
    /// Of the routes, in order.
    pub rates: Vec<String>,
}

impl Answers {
    /// Reads rates, logs the demo's user in and adds a wish.
    pub fn of(stack: &mut LocalStack, prices: u64) -> Result<Answers> {
        let accounts = stack.portcullis.accounts()?;
        let user = accounts.iter().find(|account| account.role == "user");
        let user = user.context("the demo has no user")?;
        let port = stack.serving()?.port;
        let routes = Bulk::of(prices).routes();
        let rates = routes.iter().take(ROUTES).map(|(from, to)| {
            let target =
                format!("/rates?date_from=2021-01-01&date_to=2021-02-28&orig_code={from}&dest_code={to}");
            let body = send(port, "GET", &target, None, "", 200)?;
            ensure!(body.contains("\"count\""), "{target}: no rates: {body}");
            Ok(body)
        });
        let rates: Result<Vec<String>> = rates.collect();
        let rates = rates?;
        let body = json!({"email": user.email, "password": user.password}).to_string();
        let answer: Value = serde_json::from_str(&send(port, "POST", "/auth/login", None, &body, 200)?)?;
        let token = answer["access_token"]
            .as_str()
            .context("a login without a token")?;
        send(
            port,
            "POST",
            "/wishes",
            Some(token),
            r#"{"title":"See Tallinn"}"#,
            201,
        )?;
        Ok(Answers { rates })
    }
}

fn send(
    port: u16,
    method: &str,
    target: &str,
    token: Option<&str>,
    body: &str,
    expected: u16,
) -> Result<String> {
    let response = http_client::send_json(port, method, target, token, body, TIMEOUT)?;
    ensure!(
        response.status == expected,
        "{method} {target}: status {}: {}",
        response.status,
        response.body
    );
    Ok(response.body)
}

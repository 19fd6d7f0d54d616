//! The running bare handler of P2 (`bench/bare-handler`), which answers every request with a recorded response of the service.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use harness::cargo_messages;
use harness::context::Context;
use harness::http_client::{self, Request, Response};
use harness::ports;
use harness::process::command::Command;
use stack::server_process::ServerProcess;

/// Added by every server, or of the connection that recorded the response.
const NOT_RECORDED: [&str; 4] = ["connection", "content-length", "date", "keep-alive"];

/// The process; stopped on drop.
#[derive(Debug)]
pub struct BareHandler {
    serving: ServerProcess,
    /// Bytes of the body.
    pub body: usize,
}

impl BareHandler {
    /// Builds it, records the service's response to this target, and checks that both answer the same.
    pub fn start(context: &Context, folder: &Path, service: u16, target: &str) -> Result<Self> {
        let program = build(context)?;
        let recorded = get(service, target)?;
        let (head, body) = (folder.join("bare-head"), folder.join("bare-body"));
        let fields: String = fields(&recorded)
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        fs::write(&head, fields).with_context(|| format!("cannot write {}", head.display()))?;
        fs::write(&body, &recorded.body)?;
        let port = ports::any_free()?;
        let command = Command::new(context, program)
            .args([port.to_string()])
            .args([head, body]);
        let log = folder.join("bare-handler.log");
        let mut serving = ServerProcess::start("the bare handler", &command, port, "/", &log)?;
        serving.wait_until_ready(context)?;
        let bare = get(port, target)?;
        ensure!(
            bare.body == recorded.body && fields_of_both(&bare, &recorded),
            "the bare handler answers {:?} {:?}, the service {:?} {:?}",
            bare.headers,
            bare.body,
            recorded.headers,
            recorded.body
        );
        Ok(Self {
            serving,
            body: recorded.body.len(),
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.serving.port)
    }
}

fn get(port: u16, target: &str) -> Result<Response> {
    let request = Request {
        method: "GET",
        target,
        ..Request::default()
    };
    let response = http_client::send(port, &request, Duration::from_secs(10))?;
    ensure!(response.status == 200, "{target}: status {}", response.status);
    Ok(response)
}

fn fields(response: &Response) -> Vec<&(String, String)> {
    let fields = response.headers.iter();
    fields
        .filter(|(name, _)| !NOT_RECORDED.contains(&name.as_str()))
        .collect()
}

/// Whether both have the same fields, in any order.
fn fields_of_both(one: &Response, other: &Response) -> bool {
    let [mut one, mut other] = [one, other].map(fields);
    one.sort();
    other.sort();
    one == other
}

fn build(context: &Context) -> Result<PathBuf> {
    let command = Command::cargo(context)
        .args(["build", "--locked", "--release", "--package", "bare-handler"])
        .args(["--message-format", "json-render-diagnostics"]);
    let mut program = None;
    let status = command.lines(|line| program = cargo_messages::executable(line).or(program.take()))?;
    ensure!(status.success(), "the bare handler does not build");
    program.context("cargo did not report the path of the program")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_compared_without_those_of_the_connection() {
        let response = |headers: &[(&str, &str)]| Response {
            status: 200,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: String::new(),
        };
        let ours = response(&[("a", "1"), ("date", "today"), ("b", "2")]);
        assert!(fields_of_both(
            &ours,
            &response(&[("b", "2"), ("connection", "close"), ("a", "1")])
        ));
        assert!(!fields_of_both(&ours, &response(&[("a", "1"), ("b", "3")])));
        assert!(!fields_of_both(&ours, &response(&[("a", "1")])));
    }
}

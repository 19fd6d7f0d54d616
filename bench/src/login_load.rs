//! A constant load of logins: two hundred accounts, each of which logs in again as soon as its response arrives.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use harness::context::Context;
use rustix::net;

use crate::login_accounts::ACCOUNTS;

/// How often a waiting connection checks for the end: seldom, so that hundreds of them cost the machine little.
const TICK: Duration = Duration::from_secs(1);

/// Stack size of a thread that mostly waits.
const STACK: usize = 128 * 1_024;

/// A running load, stopped on drop.
#[derive(Debug)]
pub struct LoginLoad {
    shared: Arc<Shared>,
    /// Each returns the statuses of its responses.
    threads: Vec<JoinHandle<Vec<String>>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    /// Requests without a response yet.
    in_flight: AtomicU64,
    /// Minimum of `in_flight` since all were in flight.
    min_in_flight: AtomicU64,
}

/// The responses to a load: how many by status.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginResponses(BTreeMap<String, u64>);

impl LoginLoad {
    /// Starts a thread for each account.
    pub fn begin(password: &str, port: u16) -> Result<LoginLoad> {
        let mut logins = LoginLoad {
            shared: Arc::default(),
            threads: Vec::new(),
        };
        for number in 1..=ACCOUNTS {
            let body = format!(r#"{{"email":"person{number}@bench.example","password":"{password}"}}"#);
            let request = format!(
                "POST /auth/login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
                 Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let from = network(number);
            let shared = Arc::clone(&logins.shared);
            let thread = thread::Builder::new().stack_size(STACK);
            let thread = thread.spawn(move || log_in_repeatedly(&shared, from, port, &request))?;
            logins.threads.push(thread);
        }
        Ok(logins)
    }

    /// Waits until all accounts have a request in flight.
    pub fn wait_until_all_are_in_flight(&mut self, context: &Context) -> Result<()> {
        let in_flight = || self.shared.in_flight.load(Ordering::Relaxed);
        let all_are = || Ok(in_flight() >= ACCOUNTS);
        if !context.stop.wait_until(Duration::from_secs(20), all_are)? {
            let count = in_flight();
            bail!("only {count} of {ACCOUNTS} logins are in flight: {}", self.stop());
        }
        self.shared.min_in_flight.store(ACCOUNTS, Ordering::Relaxed);
        Ok(())
    }

    /// Minimum number in flight since all of them were.
    pub fn min_in_flight(&self) -> u64 {
        self.shared.min_in_flight.load(Ordering::Relaxed)
    }

    /// Stops the load. Fails when a response was neither a login (200) nor an overload (429, 503), or none was 200.
    pub fn end(mut self) -> Result<LoginResponses> {
        let responses = self.stop();
        responses.check()?;
        Ok(responses)
    }

    fn stop(&mut self) -> LoginResponses {
        self.shared.over.store(true, Ordering::Relaxed);
        let mut responses = LoginResponses(BTreeMap::new());
        for status in self
            .threads
            .drain(..)
            .flat_map(|thread| thread.join().unwrap_or_default())
        {
            *responses.0.entry(status).or_default() += 1;
        }
        responses
    }
}

impl Drop for LoginLoad {
    fn drop(&mut self) {
        self.stop();
    }
}

impl LoginResponses {
    /// Number of requests rejected because of overload.
    pub fn refused(&self) -> u64 {
        let counts = ["429", "503"].iter().filter_map(|status| self.0.get(*status));
        counts.sum()
    }

    fn check(&self) -> Result<()> {
        let is_known = |status: &String| ["200", "429", "503"].contains(&status.as_str());
        ensure!(
            self.0.keys().all(is_known),
            "unexpected responses to logins: {self}"
        );
        ensure!(self.0.contains_key("200"), "no login succeeded: {self}");
        Ok(())
    }
}

impl std::fmt::Display for LoginResponses {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = self.0.iter().map(|(status, count)| format!("{count} × {status}"));
        let counts: Vec<String> = counts.collect();
        out.write_str(&counts.join(", "))
    }
}

/// Logs in until the load is over; returns the statuses of the responses.
fn log_in_repeatedly(shared: &Shared, from: Ipv4Addr, port: u16, request: &str) -> Vec<String> {
    let mut statuses = Vec::new();
    while !shared.over.load(Ordering::Relaxed) {
        shared.in_flight.fetch_add(1, Ordering::Relaxed);
        let response = log_in(shared, from, port, request);
        let left = shared.in_flight.fetch_sub(1, Ordering::Relaxed) - 1;
        shared.min_in_flight.fetch_min(left, Ordering::Relaxed);
        let (status, wait) = match response {
            Ok(None) => break,
            Ok(Some(head)) => (status(&head).to_owned(), retry_after(&head)),
            Err(error) => (error.to_string(), Some(Duration::from_secs(1))),
        };
        statuses.push(status);
        let start = Instant::now();
        while wait.is_some_and(|wait| start.elapsed() < wait) && !shared.over.load(Ordering::Relaxed) {
            sleep(TICK);
        }
    }
    statuses
}

/// A loopback address per account: throttling would take so many attempts from one network for guesses.
fn network(number: u64) -> Ipv4Addr {
    let [.., high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, 200, high, low)
}

fn connect(from: Ipv4Addr, port: u16) -> std::io::Result<TcpStream> {
    // wrk must not inherit it: its table of descriptors has exactly the size it needs.
    let flags = net::SocketFlags::CLOEXEC;
    let socket = net::socket_with(net::AddressFamily::INET, net::SocketType::STREAM, flags, None)?;
    net::bind(&socket, &SocketAddrV4::new(from, 0))?;
    net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    Ok(TcpStream::from(socket))
}

/// The whole response; `None` when the load was stopped first.
fn log_in(shared: &Shared, from: Ipv4Addr, port: u16, request: &str) -> std::io::Result<Option<String>> {
    let mut stream = connect(from, port)?;
    stream.set_read_timeout(Some(TICK))?;
    stream.write_all(request.as_bytes())?;
    let (mut response, mut buffer) = (Vec::new(), [0_u8; 4_096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(Some(String::from_utf8_lossy(&response).into_owned())),
            Ok(count) => response.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if shared.over.load(Ordering::Relaxed) {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

fn status(response: &str) -> &str {
    response.split(' ').nth(1).unwrap_or("no response")
}

fn retry_after(response: &str) -> Option<Duration> {
    let (head, _) = response.split_once("\r\n\r\n")?;
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let (_, seconds) = fields.find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    Some(Duration::from_secs(seconds.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_log_ins_and_overload_responses_are_accepted() {
        let responses = |counts: &[(&str, u64)]| {
            let counts = counts
                .iter()
                .map(|(status, count)| ((*status).to_owned(), *count));
            LoginResponses(counts.collect())
        };
        let good = responses(&[("200", 3), ("503", 90)]);
        good.check().unwrap();
        assert_eq!(good.to_string(), "3 × 200, 90 × 503");
        assert!(responses(&[("503", 90)]).check().is_err(), "no login succeeded");
        assert!(responses(&[("200", 3), ("401", 1)]).check().is_err());
        assert!(responses(&[("200", 3), ("no response", 1)]).check().is_err());
    }

    #[test]
    fn retry_after_is_respected() {
        let response = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\n\r\n{}";
        assert_eq!(
            (status(response), retry_after(response)),
            ("503", Some(Duration::from_secs(2)))
        );
        assert_eq!(retry_after("HTTP/1.1 200 OK\r\n\r\nRetry-After: 2"), None);
        assert_eq!(status(""), "no response");
    }
}

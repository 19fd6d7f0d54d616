//! Log-ins in flight: two hundred people who log in at once, each again as soon as they are answered; measures nothing
//! of its own but that there are always so many.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use harness::context::Context;
use rustix::net;

use super::people::{PEOPLE, People};

/// How often a waiting connection looks whether it is over: seldom, for there are hundreds and the machine is the service's.
const TICK: Duration = Duration::from_secs(1);

/// Threads that only wait need little.
const STACK: usize = 128 * 1_024;

/// A running load. It ends when this is dropped.
#[derive(Debug)]
pub struct LogIns {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    /// Sent and not answered.
    in_flight: AtomicU64,
    /// The fewest of them since all were in flight.
    fewest: AtomicU64,
    answers: Mutex<BTreeMap<String, u64>>,
}

/// What came of a load.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Answers by status.
    answers: BTreeMap<String, u64>,
}

impl LogIns {
    /// All of them begin.
    pub fn begin(people: &People, port: u16) -> Result<LogIns> {
        let mut log_ins = LogIns {
            shared: Arc::default(),
            threads: Vec::new(),
        };
        for number in 1..=PEOPLE {
            let body = format!(
                r#"{{"email":"person{number}@bench.example","password":"{}"}}"#,
                people.password
            );
            let request = format!(
                "POST /auth/login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
                 Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let from = network(number);
            let shared = Arc::clone(&log_ins.shared);
            let person = thread::Builder::new().stack_size(STACK);
            log_ins
                .threads
                .push(person.spawn(move || log_in_again_and_again(&shared, from, port, &request))?);
        }
        Ok(log_ins)
    }

    /// Log-ins that were sent and are not answered.
    pub fn in_flight(&self) -> u64 {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    /// Waits until all of them are in flight.
    pub fn wait_until_all_are_in_flight(&self, context: &Context) -> Result<()> {
        let all = context
            .stop
            .wait_until(Duration::from_secs(20), || Ok(self.in_flight() >= PEOPLE))?;
        ensure!(
            all,
            "only {} of {PEOPLE} log-ins are in flight: {:?}",
            self.in_flight(),
            self.answers()
        );
        self.shared.fewest.store(PEOPLE, Ordering::Relaxed);
        Ok(())
    }

    /// The fewest that were in flight since all of them were.
    pub fn fewest(&self) -> u64 {
        self.shared.fewest.load(Ordering::Relaxed)
    }

    /// Ends all of them.
    pub fn end(mut self) -> Result<Told> {
        self.stop();
        let told = Told {
            answers: self.answers(),
        };
        told.check()?;
        Ok(told)
    }

    fn answers(&self) -> BTreeMap<String, u64> {
        self.shared
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn stop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ended = thread.join();
        }
    }
}

impl Drop for LogIns {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Told {
    /// How many were sent away for want of room.
    pub fn refused(&self) -> u64 {
        ["429", "503"]
            .iter()
            .filter_map(|status| self.answers.get(*status))
            .sum()
    }

    fn check(&self) -> Result<()> {
        let other = self
            .answers
            .keys()
            .find(|answer| !["200", "429", "503"].contains(&answer.as_str()));
        ensure!(other.is_none(), "log-ins were answered {self}");
        ensure!(self.answers.contains_key("200"), "nobody was let in: {self}");
        Ok(())
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts: Vec<String> = self
            .answers
            .iter()
            .map(|(status, count)| format!("{count} × {status}"))
            .collect();
        out.write_str(&counts.join(", "))
    }
}

fn log_in_again_and_again(shared: &Shared, from: Ipv4Addr, port: u16, request: &str) {
    while !shared.over.load(Ordering::Relaxed) {
        shared.in_flight.fetch_add(1, Ordering::Relaxed);
        let answer = log_in(shared, from, port, request);
        let left = shared.in_flight.fetch_sub(1, Ordering::Relaxed) - 1;
        shared.fewest.fetch_min(left, Ordering::Relaxed);
        let (status, wait) = match answer {
            Ok(None) => return,
            Ok(Some(head)) => (status(&head).to_owned(), retry_after(&head)),
            Err(error) => (error.to_string(), Some(Duration::from_secs(1))),
        };
        *shared
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(status)
            .or_default() += 1;
        let since = Instant::now();
        while wait.is_some_and(|wait| since.elapsed() < wait) && !shared.over.load(Ordering::Relaxed) {
            sleep(TICK);
        }
    }
}

/// An address of the loopback network that nobody else asks from: so many tries at once from one network would be taken
/// for guesses.
fn network(number: u64) -> Ipv4Addr {
    let [.., high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, 200, high, low)
}

fn connect(from: Ipv4Addr, port: u16) -> std::io::Result<TcpStream> {
    // Not for wrk to inherit: it has room for as many descriptors as it opens itself.
    let flags = net::SocketFlags::CLOEXEC;
    let socket = net::socket_with(net::AddressFamily::INET, net::SocketType::STREAM, flags, None)?;
    net::bind(&socket, &SocketAddrV4::new(from, 0))?;
    net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    Ok(TcpStream::from(socket))
}

/// The whole answer; `None` when it was over first.
fn log_in(shared: &Shared, from: Ipv4Addr, port: u16, request: &str) -> std::io::Result<Option<String>> {
    let mut stream = connect(from, port)?;
    stream.set_read_timeout(Some(TICK))?;
    stream.write_all(request.as_bytes())?;
    let (mut answer, mut buffer) = (Vec::new(), [0_u8; 4_096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(Some(String::from_utf8_lossy(&answer).into_owned())),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if shared.over.load(Ordering::Relaxed) {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("no answer")
}

fn retry_after(answer: &str) -> Option<Duration> {
    let (head, _) = answer.split_once("\r\n\r\n")?;
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let (_, seconds) = fields.find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    Some(Duration::from_secs(seconds.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_log_ins_and_refusals_for_want_of_room_count() {
        let told = |answers: &[(&str, u64)]| Told {
            answers: answers
                .iter()
                .map(|(status, count)| ((*status).to_owned(), *count))
                .collect(),
        };
        let good = told(&[("200", 3), ("503", 90)]);
        good.check().unwrap();
        assert_eq!(good.to_string(), "3 × 200, 90 × 503");
        assert!(told(&[("503", 90)]).check().is_err(), "nobody was let in");
        assert!(told(&[("200", 3), ("401", 1)]).check().is_err());
        assert!(told(&[("200", 3), ("no answer", 1)]).check().is_err());
    }

    #[test]
    fn waits_as_long_as_it_is_told() {
        let answer = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\n\r\n{}";
        assert_eq!(
            (status(answer), retry_after(answer)),
            ("503", Some(Duration::from_secs(2)))
        );
        assert_eq!(retry_after("HTTP/1.1 200 OK\r\n\r\nRetry-After: 2"), None);
        assert_eq!(status(""), "no answer");
    }
}

//! One server process: from its start until it takes connections, and its end; never makes a data directory.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::options::Options;
use crate::probe::{self, Answer};
use crate::processes::Identity;
use crate::{Error, data, orphan, spawn};

/// How long a server may take until it answers; recovery after a crash is part of that.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running postmaster. It is not stopped by dropping: the cluster does that.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) port: u16,
}

impl Server {
    /// Starts it on this port, or on any free one.
    pub(crate) fn start(options: &Options, account: Account, port: Option<u16>) -> Result<Server, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let chosen = match port {
                Some(port) => port,
                None => free_port()?,
            };
            match Server::start_on(options, account, chosen) {
                // Somebody else was quicker with the free port.
                Err(Error::Failed { tail, .. }) if tail.contains("in use") && port.is_none() && tries < 4 => {
                }
                result => return result,
            }
        }
    }

    /// Fast shutdown, and after a time limit the hard way.
    pub(crate) fn stop(mut self, options: &Options) -> Result<(), Error> {
        let pid = self.pid();
        let gone = Identity::of(pid).is_none_or(|server| server.end(&orphan::ENDING));
        let _collected = self.child.try_wait();
        if gone {
            Ok(())
        } else {
            Err(Error::Unstoppable {
                pid,
                data: options.data.clone(),
            })
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(0)
    }

    pub(crate) fn has_died(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn start_on(options: &Options, account: Account, port: u16) -> Result<Server, Error> {
        let log = &options.log;
        let mut open = OpenOptions::new();
        let file = open
            .create(true)
            .append(true)
            .mode(0o600)
            .open(log)
            .map_err(Error::at("open", log))?;
        let seen = file.metadata().map_or(0, |meta| meta.len());
        let mut server = Server {
            child: spawn(options, account, port, &file)?,
            port,
        };
        match server.wait_until_ready(options, seen) {
            Ok(()) => Ok(server),
            Err(error) => {
                let _first_error_counts = server.stop(options);
                Err(error)
            }
        }
    }

    fn wait_until_ready(&mut self, options: &Options, seen: u64) -> Result<(), Error> {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if options.stop.is_set() {
                return Err(Error::Interrupted);
            }
            if let Some(status) = self
                .child
                .try_wait()
                .map_err(Error::at("wait for", &options.data))?
            {
                let tail = log_tail(&options.log, seen);
                return Err(Error::Failed {
                    program: "postgres".into(),
                    status: status.to_string(),
                    tail,
                });
            }
            if probe::ask(self.port) == Answer::Ready {
                return Ok(());
            }
            sleep(Duration::from_millis(30));
        }
        Err(Error::NotReady {
            seconds: PATIENCE.as_secs(),
            tail: log_tail(&options.log, seen),
        })
    }
}

fn spawn(options: &Options, account: Account, port: u16, log: &File) -> Result<Child, Error> {
    let program = options.programs.bin.join("postgres");
    let mut settings = vec![
        ("listen_addresses".to_owned(), "127.0.0.1".to_owned()),
        ("port".to_owned(), port.to_string()),
        // A socket in a shared directory would be one more door, and needs a place that can be written to.
        ("unix_socket_directories".to_owned(), String::new()),
        ("max_connections".to_owned(), "100".to_owned()),
        ("log_line_prefix".to_owned(), "%m [%p] %u@%d ".to_owned()),
    ];
    if !options.durable {
        let off = ["fsync", "synchronous_commit", "full_page_writes"];
        settings.extend(off.map(|name| (name.to_owned(), "off".to_owned())));
    }
    settings.extend(options.settings.iter().cloned());
    let mut args = vec!["-D".into(), options.data.clone().into_os_string()];
    args.extend(
        settings
            .iter()
            .flat_map(|(name, value)| ["-c".into(), format!("{name}={value}").into()]),
    );
    spawn::server(&program, &args, account, log).map_err(Error::at("run", &program))
}

fn free_port() -> Result<u16, Error> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    free.map(|address| address.port()).map_err(|source| Error::Io {
        what: "find a free port on 127.0.0.1".into(),
        source,
    })
}

/// The last lines that the log got since this start.
fn log_tail(log: &Path, seen: u64) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let from = usize::try_from(seen).unwrap_or(0).min(bytes.len());
    data::last_lines(&String::from_utf8_lossy(&bytes[from..]), 10)
}

//! One server process, from its start until it accepts connections, and its shutdown.

use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::options::Options;
use crate::probe::{Readiness, probe};
use crate::processes::Identity;
use crate::{Error, data, orphan, spawn};

/// How long a server may take until it accepts connections, including crash recovery.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// A running postmaster. Dropping does not stop it; the cluster does.
pub(crate) struct Server {
    child: Child,
    /// The port it listens on.
    pub(crate) port: u16,
}

impl Server {
    /// Starts it on this port, or on any free one.
    pub(crate) fn start(options: &Options, account: Account, port: Option<u16>) -> Result<Server, Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let chosen = match port {
                Some(port) => port,
                None => free_port()?,
            };
            match Server::start_on(options, account, chosen) {
                // Another process took the free port first.
                Err(Error::Failed { tail, .. })
                    if tail.contains("in use") && port.is_none() && attempts < 4 => {}
                result => return result,
            }
        }
    }

    /// Fast shutdown, then immediate, then SIGKILL.
    pub(crate) fn stop(mut self, options: &Options) -> Result<(), Error> {
        let pid = self.pid();
        let gone = Identity::of(pid).is_none_or(|server| server.end(&orphan::SHUTDOWN_STEPS));
        let _reaped = self.child.try_wait();
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
        let log_start = file.metadata().map_or(0, |meta| meta.len());
        let mut server = Server {
            child: spawn(options, account, port, &file)?,
            port,
        };
        match server.wait_until_ready(options, log_start) {
            Ok(()) => Ok(server),
            Err(error) => {
                // The first error is the one to report.
                let _ignored = server.stop(options);
                Err(error)
            }
        }
    }

    fn wait_until_ready(&mut self, options: &Options, log_start: u64) -> Result<(), Error> {
        let since = Instant::now();
        while since.elapsed() < START_TIMEOUT {
            if options.stop.is_set() {
                return Err(Error::Interrupted);
            }
            if let Some(status) = self
                .child
                .try_wait()
                .map_err(Error::at("wait for", &options.data))?
            {
                let tail = log_tail(&options.log, log_start);
                return Err(Error::Failed {
                    program: "postgres".into(),
                    status: status.to_string(),
                    tail,
                });
            }
            if probe(self.port) == Readiness::Ready {
                return Ok(());
            }
            sleep(Duration::from_millis(30));
        }
        Err(Error::NotReady {
            seconds: START_TIMEOUT.as_secs(),
            tail: log_tail(&options.log, log_start),
        })
    }
}

fn spawn(options: &Options, account: Account, port: u16, log: &File) -> Result<Child, Error> {
    let program = options.programs.bin.join("postgres");
    let mut settings = vec![
        ("listen_addresses".to_owned(), "127.0.0.1".to_owned()),
        ("port".to_owned(), port.to_string()),
        // A socket in a shared directory would be another attack surface, and needs a writable directory.
        ("unix_socket_directories".to_owned(), String::new()),
        ("max_connections".to_owned(), "200".to_owned()),
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

/// The last lines of the log since this start.
fn log_tail(log: &Path, log_start: u64) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let from = usize::try_from(log_start).unwrap_or(0).min(bytes.len());
    data::last_lines(&String::from_utf8_lossy(&bytes[from..]), 10)
}

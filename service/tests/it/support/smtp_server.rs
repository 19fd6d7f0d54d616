//! A mail server that keeps what it gets, and misbehaves as a test wants.
use super::smtp_session::Shared;
pub use super::smtp_session::{Received, SmtpBehaviour, Tls};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// The server; it stops with this value.
pub struct SmtpServer {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl SmtpServer {
    /// A well-behaved server on a free port.
    pub fn start(tls: Tls) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), tls, SmtpBehaviour::Good)
    }

    /// A server at this address.
    pub fn start_at(address: SocketAddr, tls: Tls, manner: SmtpBehaviour) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let shared = Arc::new(Shared {
            tls,
            manner: Mutex::new(manner),
            kept: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let (address, own) = (listener.local_addr().unwrap(), Arc::clone(&shared));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if own.stopped.load(Ordering::Relaxed) {
                    break;
                }
                let own = Arc::clone(&own);
                // A client that leaves in the middle is no fault of the server's.
                std::thread::spawn(move || drop(own.talk(stream.unwrap())));
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// From here on it behaves like this.
    pub fn behave(&self, manner: SmtpBehaviour) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// What arrived.
    pub fn mails(&self) -> Vec<Received> {
        self.shared.kept.lock().unwrap().mails.clone()
    }

    /// Every line that came in clear.
    pub fn in_clear(&self) -> Vec<String> {
        self.shared.kept.lock().unwrap().in_clear.clone()
    }

    /// How many connections there were.
    pub fn connections(&self) -> u32 {
        self.shared.kept.lock().unwrap().connections
    }

    /// The settings that lead a service here, in clear.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("MAIL_TRANSPORT", "smtp".to_owned()),
            ("SMTP_HOST", self.address.ip().to_string()),
            ("SMTP_PORT", self.address.port().to_string()),
            ("SMTP_TLS", "none".to_owned()),
        ]
    }

    /// Waits until something holds of the server.
    pub fn wait(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{what}: {:?}",
                self.mails()
            );
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

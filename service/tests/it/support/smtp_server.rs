//! An SMTP server that records mails and misbehaves on demand.

use super::smtp_session::Shared;
pub use super::smtp_session::{Received, SmtpBehaviour, Tls};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// A running server; dropping it stops the server.
pub struct SmtpServer {
    /// Its address.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl SmtpServer {
    /// Starts a well-behaved server on a free port.
    pub fn start(tls: Tls) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), tls, SmtpBehaviour::Good)
    }

    /// Starts a server at this address.
    pub fn start_at(address: SocketAddr, tls: Tls, behaviour: SmtpBehaviour) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let shared = Arc::new(Shared {
            tls,
            behaviour: Mutex::new(behaviour),
            recorded: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let (address, own) = (listener.local_addr().unwrap(), Arc::clone(&shared));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if own.stopped.load(Ordering::Relaxed) {
                    break;
                }
                let own = Arc::clone(&own);
                // An error here means that the client disconnected.
                std::thread::spawn(move || drop(own.serve(stream.unwrap())));
            }
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// Changes the behaviour.
    pub fn set_behaviour(&self, behaviour: SmtpBehaviour) {
        *self.shared.behaviour.lock().unwrap() = behaviour;
    }

    /// The mails received so far.
    pub fn mails(&self) -> Vec<Received> {
        self.shared.recorded.lock().unwrap().mails.clone()
    }

    /// Every line that was received in plaintext.
    pub fn plaintext_lines(&self) -> Vec<String> {
        self.shared.recorded.lock().unwrap().plaintext_lines.clone()
    }

    /// The number of connections so far.
    pub fn connections(&self) -> u32 {
        self.shared.recorded.lock().unwrap().connections
    }

    /// The settings of a service that sends here in plaintext.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("MAIL_TRANSPORT", "smtp".to_owned()),
            ("SMTP_HOST", self.address.ip().to_string()),
            ("SMTP_PORT", self.address.port().to_string()),
            ("SMTP_TLS", "none".to_owned()),
        ]
    }

    /// Waits until a condition holds for the server. Panics after 20 seconds.
    pub fn wait(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(
                start.elapsed() < Duration::from_secs(20),
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

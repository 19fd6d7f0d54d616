//! A mail server that keeps what it gets, and misbehaves as a test wants (RFC 5321, 3207, 4954).
use super::smtp_stream::SmtpStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use std::io::Result;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// When TLS begins.
#[derive(Clone)]
pub enum Tls {
    /// Never.
    Never,
    /// When it is asked for.
    OnDemand(Arc<ServerConfig>),
    /// At once.
    AtOnce(Arc<ServerConfig>),
}

/// How the server behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    Good,
    /// Takes a connection and says nothing.
    Silent,
    /// Says a byte now and then, and never ends its line.
    Dripping,
    /// Answers this to a command that begins with that word.
    Refuses(&'static str, &'static str),
    /// Takes this long to say that it took a mail.
    Slow(Duration),
    /// Hangs up in the middle of a mail.
    LeavesInMail,
    /// Takes a mail, and hangs up instead of saying so.
    LeavesAfterMail,
    /// Knows no other way to log in than LOGIN.
    KnowsOnlyLogin,
    /// Sends an answer in clear together with the word to begin TLS, as somebody in between could.
    Injects,
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// MAIL FROM.
    pub from: String,
    /// RCPT TO.
    pub to: Vec<String>,
    /// Header and body.
    pub data: String,
    /// Whether it came in TLS.
    pub secure: bool,
    /// User and password.
    pub login: Option<(String, String)>,
}

#[derive(Default)]
struct Kept {
    mails: Vec<Received>,
    /// Every line that came in clear.
    in_clear: Vec<String>,
    connections: u32,
}

struct Shared {
    tls: Tls,
    manner: Mutex<Manner>,
    kept: Mutex<Kept>,
    stopped: AtomicBool,
}

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
        Self::start_at("127.0.0.1:0".parse().unwrap(), tls, Manner::Good)
    }

    /// A server at this address.
    pub fn start_at(address: SocketAddr, tls: Tls, manner: Manner) -> Self {
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
    pub fn behave(&self, manner: Manner) {
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
            ("MAIL", "smtp".to_owned()),
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

impl Shared {
    fn manner(&self) -> Manner {
        self.manner.lock().unwrap().clone()
    }

    /// Does nothing until the server stops, or behaves otherwise.
    fn stall(&self, stream: &mut SmtpStream, word: &str) -> Result<()> {
        let manner = self.manner();
        while !self.stopped.load(Ordering::Relaxed) && self.manner() == manner {
            stream.say(word)?;
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn talk(&self, stream: TcpStream) -> Result<()> {
        self.kept.lock().unwrap().connections += 1;
        let mut stream = SmtpStream::Plain(stream);
        if let Tls::AtOnce(config) = &self.tls
            && self.manner() != Manner::Silent
        {
            stream = stream.secure(config)?;
        }
        match self.manner() {
            Manner::Silent => return self.stall(&mut stream, ""),
            Manner::Dripping => return self.stall(&mut stream, "2"),
            _ => stream.say("220 sink.example ESMTP\r\n")?,
        }
        let mut mail = Received {
            from: String::new(),
            to: Vec::new(),
            data: String::new(),
            secure: false,
            login: None,
        };
        loop {
            let line = self.line(&mut stream)?;
            let word = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            if let Manner::Refuses(refused, answer) = self.manner()
                && line.to_ascii_uppercase().starts_with(refused)
            {
                stream.say(&format!("{answer}\r\n"))?;
                continue;
            }
            let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            match word.as_str() {
                "EHLO" => stream.say(&self.greeting(stream.is_secure()))?,
                "STARTTLS" => stream = self.secure(stream)?,
                "AUTH" => mail.login = self.login(&line, &mut stream)?,
                "MAIL" => mail.from = path(),
                "RCPT" => mail.to.push(path()),
                "DATA" => {
                    stream.say("354 go on\r\n")?;
                    mail.data = self.data(&mut stream)?;
                    mail.secure = stream.is_secure();
                    if self.manner() == Manner::LeavesInMail {
                        return Ok(());
                    }
                    if let Manner::Refuses("END", answer) = self.manner() {
                        stream.say(&format!("{answer}\r\n"))?;
                        continue;
                    }
                    self.kept.lock().unwrap().mails.push(mail.clone());
                    if let Manner::Slow(time) = self.manner() {
                        sleep(time);
                    }
                    if self.manner() == Manner::LeavesAfterMail {
                        return Ok(());
                    }
                }
                "QUIT" => return stream.say("221 bye\r\n"),
                _ => stream.say("502 what?\r\n")?,
            }
            if matches!(word.as_str(), "MAIL" | "RCPT" | "DATA") {
                stream.say("250 fine\r\n")?;
            }
        }
    }

    fn line(&self, stream: &mut SmtpStream) -> Result<String> {
        let line = stream.line()?;
        if !stream.is_secure() {
            self.kept.lock().unwrap().in_clear.push(line.clone());
        }
        Ok(line)
    }

    fn greeting(&self, secure: bool) -> String {
        let starttls = match &self.tls {
            Tls::OnDemand(_) if !secure => "250-STARTTLS\r\n",
            _ => "",
        };
        let login = match self.manner() {
            Manner::KnowsOnlyLogin => "LOGIN",
            _ => "PLAIN LOGIN",
        };
        format!("250-sink.example\r\n{starttls}250-AUTH {login}\r\n250 ENHANCEDSTATUSCODES\r\n")
    }

    fn secure(&self, mut stream: SmtpStream) -> Result<SmtpStream> {
        let Tls::OnDemand(config) = &self.tls else {
            stream.say("502 no\r\n")?;
            return Ok(stream);
        };
        let more = match self.manner() {
            Manner::Injects => "250-sink.example\r\n250 SIZE\r\n",
            _ => "",
        };
        stream.say(&format!("220 go on\r\n{more}"))?;
        stream.secure(config)
    }

    /// AUTH PLAIN with an initial answer, or AUTH LOGIN.
    fn login(&self, line: &str, stream: &mut SmtpStream) -> Result<Option<(String, String)>> {
        let decoded = |sent: &str| String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap();
        let login = if let Some(sent) = line.strip_prefix("AUTH PLAIN ") {
            let sent = decoded(sent);
            let mut words = sent.split('\0').skip(1).map(str::to_owned);
            words.next().zip(words.next())
        } else {
            stream.say("334 VXNlcm5hbWU6\r\n")?;
            let user = decoded(&self.line(stream)?);
            stream.say("334 UGFzc3dvcmQ6\r\n")?;
            Some((user, decoded(&self.line(stream)?)))
        };
        stream.say("235 welcome\r\n")?;
        Ok(login)
    }

    /// Everything up to the dot, dots undoubled.
    fn data(&self, stream: &mut SmtpStream) -> Result<String> {
        let mut data = String::new();
        loop {
            let line = self.line(stream)?;
            if line == "." || (self.manner() == Manner::LeavesInMail && data.len() > 200) {
                return Ok(data);
            }
            data += line.strip_prefix('.').unwrap_or(&line);
            data += "\r\n";
        }
    }
}

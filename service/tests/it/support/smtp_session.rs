//! How the tests' mail server talks to a client (RFC 5321, 3207, 4954), and how it misbehaves.
use super::smtp_stream::SmtpStream;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use std::io::Result;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
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
pub enum SmtpBehaviour {
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

/// What there was to keep.
#[derive(Default)]
pub struct Kept {
    /// Mails.
    pub mails: Vec<Received>,
    /// Every line that came in clear.
    pub in_clear: Vec<String>,
    /// How many connections there were.
    pub connections: u32,
}

/// What the server's threads share.
pub struct Shared {
    /// When TLS begins.
    pub tls: Tls,
    /// How to behave.
    pub manner: Mutex<SmtpBehaviour>,
    /// What there was.
    pub kept: Mutex<Kept>,
    /// Whether to end.
    pub stopped: AtomicBool,
}

impl Shared {
    fn manner(&self) -> SmtpBehaviour {
        self.manner.lock().unwrap().clone()
    }

    /// Does nothing until the server stops or behaves otherwise; a client that waits for longer than any should is left.
    fn stall(&self, stream: &mut SmtpStream, word: &str) -> Result<()> {
        let (manner, begun) = (self.manner(), Instant::now());
        while begun.elapsed() < Duration::from_secs(30)
            && !self.stopped.load(Ordering::Relaxed)
            && self.manner() == manner
        {
            stream.say(word)?;
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Talks to one client to the end.
    pub fn talk(&self, stream: TcpStream) -> Result<()> {
        self.kept.lock().unwrap().connections += 1;
        let mut stream = SmtpStream::Plain(stream);
        if let Tls::AtOnce(config) = &self.tls
            && self.manner() != SmtpBehaviour::Silent
        {
            stream = stream.secure(config)?;
        }
        match self.manner() {
            SmtpBehaviour::Silent => return self.stall(&mut stream, ""),
            SmtpBehaviour::Dripping => return self.stall(&mut stream, "2"),
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
            if let SmtpBehaviour::Refuses(refused, answer) = self.manner()
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
                    if self.manner() == SmtpBehaviour::LeavesInMail {
                        return Ok(());
                    }
                    if let SmtpBehaviour::Refuses("END", answer) = self.manner() {
                        stream.say(&format!("{answer}\r\n"))?;
                        continue;
                    }
                    self.kept.lock().unwrap().mails.push(mail.clone());
                    if let SmtpBehaviour::Slow(time) = self.manner() {
                        sleep(time);
                    }
                    if self.manner() == SmtpBehaviour::LeavesAfterMail {
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
            SmtpBehaviour::KnowsOnlyLogin => "LOGIN",
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
            SmtpBehaviour::Injects => "250-sink.example\r\n250 SIZE\r\n",
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
            if line == "." || (self.manner() == SmtpBehaviour::LeavesInMail && data.len() > 200) {
                return Ok(data);
            }
            data += line.strip_prefix('.').unwrap_or(&line);
            data += "\r\n";
        }
    }
}

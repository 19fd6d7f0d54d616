//! A session of the SMTP server (RFC 5321, 3207, 4954), and its misbehaviour.

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

/// When TLS starts.
#[derive(Clone)]
pub enum Tls {
    /// Never.
    Never,
    /// With the STARTTLS command.
    Upgraded(Arc<ServerConfig>),
    /// With the connection.
    Implicit(Arc<ServerConfig>),
}

/// The behaviour of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmtpBehaviour {
    /// Correct.
    Good,
    /// Accepts connections and never sends anything.
    Silent,
    /// Sends single bytes without ever ending the line.
    Dripping,
    /// Sends the second text in reply to a command that begins with the first; `END` stands for the end of the data.
    Rejects(&'static str, &'static str),
    /// The same for several commands.
    RejectsEach(&'static [(&'static str, &'static str)]),
    /// Delays the reply to a mail by this long.
    Slow(Duration),
    /// Disconnects in the middle of a mail.
    DisconnectsDuringData,
    /// Accepts a mail, but disconnects instead of replying.
    DisconnectsAfterData,
    /// Offers only AUTH LOGIN.
    OffersOnlyLogin,
    /// Appends a plaintext reply to the STARTTLS reply, as a man in the middle could.
    InjectsBeforeTls,
}

impl SmtpBehaviour {
    /// The reply to a rejected command.
    fn rejection(&self, line: &str) -> Option<&'static str> {
        let line = line.to_ascii_uppercase();
        let matches = |(rejected, _): &(&str, &str)| line.starts_with(rejected);
        match self {
            Self::Rejects(rejected, reply) => Some((*rejected, *reply)).filter(matches),
            Self::RejectsEach(list) => list.iter().copied().find(matches),
            _ => None,
        }
        .map(|(_, reply)| reply)
    }
}

/// A mail as it was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// MAIL FROM.
    pub from: String,
    /// RCPT TO.
    pub to: Vec<String>,
    /// Header and body.
    pub data: String,
    /// Whether it was received over TLS.
    pub secure: bool,
    /// User and password.
    pub login: Option<(String, String)>,
}

/// What the server has received.
#[derive(Default)]
pub struct Recorded {
    /// Mails.
    pub mails: Vec<Received>,
    /// Every line that was received in plaintext.
    pub plaintext_lines: Vec<String>,
    /// The number of connections.
    pub connections: u32,
}

/// The state that the threads of the server share.
pub struct Shared {
    /// When TLS starts.
    pub tls: Tls,
    /// The current behaviour.
    pub behaviour: Mutex<SmtpBehaviour>,
    /// What was received.
    pub recorded: Mutex<Recorded>,
    /// Whether to stop.
    pub stopped: AtomicBool,
}

impl Shared {
    fn behaviour(&self) -> SmtpBehaviour {
        self.behaviour.lock().unwrap().clone()
    }

    /// Sends `text` again and again until the server stops, its behaviour changes, or 30 seconds have passed.
    fn stall(&self, stream: &mut SmtpStream, text: &str) -> Result<()> {
        let (behaviour, start) = (self.behaviour(), Instant::now());
        while start.elapsed() < Duration::from_secs(30)
            && !self.stopped.load(Ordering::Relaxed)
            && self.behaviour() == behaviour
        {
            stream.write(text)?;
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Serves one client until it disconnects.
    pub fn serve(&self, stream: TcpStream) -> Result<()> {
        self.recorded.lock().unwrap().connections += 1;
        let mut stream = SmtpStream::Plain(stream);
        if let Tls::Implicit(config) = &self.tls
            && self.behaviour() != SmtpBehaviour::Silent
        {
            stream = stream.secure(config)?;
        }
        match self.behaviour() {
            SmtpBehaviour::Silent => return self.stall(&mut stream, ""),
            SmtpBehaviour::Dripping => return self.stall(&mut stream, "2"),
            _ => stream.write("220 sink.example ESMTP\r\n")?,
        }
        let mut mail = Received {
            from: String::new(),
            to: Vec::new(),
            data: String::new(),
            secure: false,
            login: None,
        };
        loop {
            let line = self.read_line(&mut stream)?;
            let command = line
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            if let Some(reply) = self.behaviour().rejection(&line) {
                stream.write(&format!("{reply}\r\n"))?;
                continue;
            }
            let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            match command.as_str() {
                "EHLO" => stream.write(&self.greeting(stream.is_secure()))?,
                "STARTTLS" => stream = self.secure(stream)?,
                "AUTH" => mail.login = self.login(&line, &mut stream)?,
                "MAIL" => mail.from = path(),
                "RCPT" => mail.to.push(path()),
                "DATA" => {
                    stream.write("354 go on\r\n")?;
                    mail.data = self.data(&mut stream)?;
                    mail.secure = stream.is_secure();
                    if self.behaviour() == SmtpBehaviour::DisconnectsDuringData {
                        return Ok(());
                    }
                    if let SmtpBehaviour::Rejects("END", reply) = self.behaviour() {
                        stream.write(&format!("{reply}\r\n"))?;
                        continue;
                    }
                    self.recorded.lock().unwrap().mails.push(mail.clone());
                    if let SmtpBehaviour::Slow(time) = self.behaviour() {
                        sleep(time);
                    }
                    if self.behaviour() == SmtpBehaviour::DisconnectsAfterData {
                        return Ok(());
                    }
                }
                "QUIT" => return stream.write("221 bye\r\n"),
                _ => stream.write("502 what?\r\n")?,
            }
            if matches!(command.as_str(), "MAIL" | "RCPT" | "DATA") {
                stream.write("250 fine\r\n")?;
            }
        }
    }

    fn read_line(&self, stream: &mut SmtpStream) -> Result<String> {
        let line = stream.read_line()?;
        if !stream.is_secure() {
            self.recorded.lock().unwrap().plaintext_lines.push(line.clone());
        }
        Ok(line)
    }

    fn greeting(&self, secure: bool) -> String {
        let starttls = match &self.tls {
            Tls::Upgraded(_) if !secure => "250-STARTTLS\r\n",
            _ => "",
        };
        let login = match self.behaviour() {
            SmtpBehaviour::OffersOnlyLogin => "LOGIN",
            _ => "PLAIN LOGIN",
        };
        format!("250-sink.example\r\n{starttls}250-AUTH {login}\r\n250 ENHANCEDSTATUSCODES\r\n")
    }

    fn secure(&self, mut stream: SmtpStream) -> Result<SmtpStream> {
        let Tls::Upgraded(config) = &self.tls else {
            stream.write("502 no\r\n")?;
            return Ok(stream);
        };
        let more = match self.behaviour() {
            SmtpBehaviour::InjectsBeforeTls => "250-sink.example\r\n250 SIZE\r\n",
            _ => "",
        };
        stream.write(&format!("220 go on\r\n{more}"))?;
        stream.secure(config)
    }

    /// AUTH PLAIN with an initial response, or AUTH LOGIN.
    fn login(&self, line: &str, stream: &mut SmtpStream) -> Result<Option<(String, String)>> {
        let decoded = |sent: &str| String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap();
        let login = if let Some(sent) = line.strip_prefix("AUTH PLAIN ") {
            let sent = decoded(sent);
            let mut words = sent.split('\0').skip(1).map(str::to_owned);
            words.next().zip(words.next())
        } else {
            stream.write("334 VXNlcm5hbWU6\r\n")?;
            let user = decoded(&self.read_line(stream)?);
            stream.write("334 UGFzc3dvcmQ6\r\n")?;
            Some((user, decoded(&self.read_line(stream)?)))
        };
        stream.write("235 welcome\r\n")?;
        Ok(login)
    }

    /// The data up to the final dot, with dot-stuffing removed.
    fn data(&self, stream: &mut SmtpStream) -> Result<String> {
        let mut data = String::new();
        loop {
            let line = self.read_line(stream)?;
            if line == "." || (self.behaviour() == SmtpBehaviour::DisconnectsDuringData && data.len() > 200) {
                return Ok(data);
            }
            data += line.strip_prefix('.').unwrap_or(&line);
            data += "\r\n";
        }
    }
}

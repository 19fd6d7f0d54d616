//! Gives mails to a mail server, step by step: which step failed decides whether a mail is tried again. Nothing is sent in
//! clear where the settings ask for TLS.
use super::delivery_error::DeliveryError;
use super::message::{Encoding, Message};
use super::smtp_session::{Reply, Session, SmtpError};
use super::smtp_tls::Tls;
use crate::config::mail::{SmtpSettings, SmtpTls};
use crate::secrets;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use std::time::Duration;

pub use super::smtp_tls::SmtpConfigError;

/// How long a server may take to say good-bye to a mail that it has taken.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

/// A mail server and how to talk to it.
pub struct Smtp {
    settings: SmtpSettings,
    host: String,
    tls: Option<Tls>,
    hello: String,
}

impl Smtp {
    /// Looks at everything that can be looked at without the server. `hello` is the name that we go by.
    pub fn new(settings: SmtpSettings, hello: &str) -> Result<Self, SmtpConfigError> {
        let host = settings.host.trim_matches(['[', ']']).to_owned();
        if let Some((_, password)) = &settings.login {
            secrets::read(password).map_err(|error| SmtpConfigError("SMTP_PASSWORD", error.to_string()))?;
        }
        let tls = match settings.tls {
            SmtpTls::None => None,
            SmtpTls::Implicit | SmtpTls::StartTls => Some(Tls::new(&settings, &host)?),
        };
        // RFC 5321 §4.1.4: a name that others know us by, or an address.
        let is_name = hello.contains('.') && hello.contains(|c: char| c.is_ascii_alphabetic());
        let hello = if is_name { hello } else { "[127.0.0.1]" };
        Ok(Self {
            settings,
            host,
            tls,
            hello: hello.to_owned(),
        })
    }

    /// Sends one mail over a connection of its own.
    pub fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let bytes = message
            .bytes(Encoding::QuotedPrintable)
            .and_then(|bytes| stuffed(&bytes));
        let bytes = bytes.ok_or(DeliveryError::Permanent("message: cannot be written".into()))?;
        let (mut server, hello) = self.connect()?;
        self.log_in(&mut server, &hello)?;
        let from = server.ask(&format!("MAIL FROM:<{}>", message.from.email));
        of_way("sender", from, 250)?;
        let to = server.ask(&format!("RCPT TO:<{}>", message.to));
        of_mail("recipient", to, 250..=251)?;
        of_mail("data", server.ask("DATA"), 354..=354)?;
        let taken = server.send(&bytes).and_then(|()| server.reply_to_mail());
        // A server that is slow with this mail need not be slow with others.
        let taken = match taken {
            Err(SmtpError::TimedOut) => return Err(DeliveryError::Temporary("message: timed out".into())),
            taken => taken,
        };
        of_mail("message", taken, 250..=250)?;
        // It is taken: whatever happens from here on changes nothing.
        if server.send(b"QUIT\r\n").is_ok() {
            let _ = server.reply_within(QUIT_TIMEOUT);
        }
        Ok(())
    }

    /// A connection as the settings want it, and what the server offers on it.
    fn connect(&self) -> Result<(Session, Reply), DeliveryError> {
        let way = |error: SmtpError| failed("connect", error);
        let mut server = Session::connect(&self.host, self.settings.port).map_err(way)?;
        if let (SmtpTls::Implicit, Some(tls)) = (self.settings.tls, &self.tls) {
            server = server.secure(&tls.config, &tls.name).map_err(way)?;
        }
        of_way("connect", server.reply(), 220)?;
        let mut hello = self.hello("connect", &mut server)?;
        if let (SmtpTls::StartTls, Some(tls)) = (self.settings.tls, &self.tls) {
            if !hello.offers("STARTTLS", None) {
                return Err(DeliveryError::Transport("starttls: not offered".into()));
            }
            of_way("starttls", server.ask("STARTTLS"), 220)?;
            server = server
                .secure(&tls.config, &tls.name)
                .map_err(|error| failed("starttls", error))?;
            // What was offered in clear counts no more (RFC 3207 §4.2).
            hello = self.hello("starttls", &mut server)?;
        }
        match server.is_secure() || self.settings.tls == SmtpTls::None {
            true => Ok((server, hello)),
            false => Err(DeliveryError::Transport("connect: not encrypted".into())),
        }
    }

    fn hello(&self, step: &str, server: &mut Session) -> Result<Reply, DeliveryError> {
        of_way(step, server.ask(&format!("EHLO {}", self.hello)), 250)
    }

    /// RFC 4954. The password is read for each mail, so that a rotated file is seen.
    fn log_in(&self, server: &mut Session, hello: &Reply) -> Result<(), DeliveryError> {
        let Some((user, password)) = &self.settings.login else {
            return Ok(());
        };
        if !server.is_secure() {
            return Err(DeliveryError::Transport("login: not encrypted".into()));
        }
        let password = secrets::read(password)
            .map_err(|_| DeliveryError::Transport("login: the password cannot be read".into()))?;
        let password = password.expose_secret();
        let answer = if hello.offers("AUTH", Some("PLAIN")) {
            let word = STANDARD.encode(format!("\0{user}\0{password}"));
            server.ask(&format!("AUTH PLAIN {word}"))
        } else if hello.offers("AUTH", Some("LOGIN")) {
            of_way("login", server.ask("AUTH LOGIN"), 334)?;
            of_way("login", server.ask(&STANDARD.encode(user)), 334)?;
            server.ask(&STANDARD.encode(password))
        } else {
            return Err(DeliveryError::Transport("login: not offered".into()));
        };
        of_way("login", answer, 235).map(drop)
    }
}

/// A step that has nothing to do with this mail in particular.
fn of_way(step: &str, reply: Result<Reply, SmtpError>, wanted: u16) -> Result<Reply, DeliveryError> {
    match reply {
        Ok(reply) if reply.code == wanted => Ok(reply),
        Ok(reply) => Err(DeliveryError::Transport(refusal(step, &reply).into())),
        Err(error) => Err(failed(step, error)),
    }
}

/// A step that is about this mail: what the server refuses for good is never asked again (RFC 5321 §4.2.1).
fn of_mail(
    step: &str,
    reply: Result<Reply, SmtpError>,
    wanted: std::ops::RangeInclusive<u16>,
) -> Result<(), DeliveryError> {
    let reply = reply.map_err(|error| failed(step, error))?;
    match reply.code {
        code if wanted.contains(&code) => Ok(()),
        // The server is about to close, whatever the mail.
        421 => Err(DeliveryError::Transport(refusal(step, &reply).into())),
        400..500 => Err(DeliveryError::Temporary(refusal(step, &reply).into())),
        500..600 => Err(DeliveryError::Permanent(refusal(step, &reply).into())),
        _ => Err(failed(step, SmtpError::UnexpectedReply)),
    }
}

fn failed(step: &str, error: SmtpError) -> DeliveryError {
    DeliveryError::Transport(format!("{step}: {error}").into())
}

fn refusal(step: &str, reply: &Reply) -> String {
    match (reply.code, reply.enhanced()) {
        (200..400, _) => format!("{step}: {}", SmtpError::UnexpectedReply),
        (code, Some(enhanced)) => format!("{step}: refused with {code} {enhanced}"),
        (code, None) => format!("{step}: refused with {code}"),
    }
}

/// The bytes after DATA: a dot at a line's beginning is doubled, a dot alone ends it (RFC 5321 §4.5.2). `None`: a line end
/// that is not CRLF, which servers read differently, so that a mail could hold another.
fn stuffed(message: &[u8]) -> Option<Vec<u8>> {
    let text = message.strip_suffix(b"\r\n").unwrap_or(message);
    let mut bytes = Vec::with_capacity(message.len() + 64);
    let mut lines = text.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let line = match (line.strip_suffix(b"\r"), lines.peek()) {
            (Some(line), Some(_)) => line,
            (None, None) => line,
            _ => return None,
        };
        if line.contains(&b'\r') {
            return None;
        }
        if line.starts_with(b".") {
            bytes.push(b'.');
        }
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b".\r\n");
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_and_a_line_ends_in_one_way() {
        let text = |message: &str| stuffed(message.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(
            text("a\r\n.\r\n..b\r\n").as_deref(),
            Some("a\r\n..\r\n...b\r\n.\r\n")
        );
        assert_eq!(text(".a").as_deref(), Some("..a\r\n.\r\n"));
        for smuggled in [
            "a\n.\r\nMAIL",
            "a\r.\r\nMAIL",
            "a\r\n.\nMAIL",
            "a\n",
            "a\r",
            "a\r\r\nb",
        ] {
            assert_eq!(text(smuggled), None, "{smuggled:?}");
        }
    }
}

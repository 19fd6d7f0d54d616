//! Delivery over SMTP (RFC 5321). The step that fails decides whether the mail is retried. Where the settings require
//! TLS, nothing is sent unencrypted.
//!
//! Own code, because lettre's STARTTLS upgrade keeps the buffer of its `BufReader`: plaintext that an attacker injects
//! before the handshake would be read as the server's reply inside TLS (RFC 3207 §4.2). lettre still formats the
//! messages.

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

/// Timeout of the reply to QUIT, after the mail was accepted.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

/// A mail server and its settings.
pub struct Smtp {
    settings: SmtpSettings,
    host: String,
    tls: Option<Tls>,
    hello: String,
}

impl Smtp {
    /// Validates the settings as far as possible without the server. `hello` is the client's name in EHLO.
    pub fn new(settings: SmtpSettings, hello: &str) -> Result<Self, SmtpConfigError> {
        let host = settings.host.trim_matches(['[', ']']).to_owned();
        if let Some((_, password)) = &settings.login {
            secrets::read(password).map_err(|error| SmtpConfigError("SMTP_PASSWORD", error.to_string()))?;
        }
        let tls = match settings.tls {
            SmtpTls::None => None,
            SmtpTls::Implicit | SmtpTls::StartTls => Some(Tls::new(&settings, &host)?),
        };
        // RFC 5321 §4.1.4: a fully-qualified domain name or an address literal.
        let is_name = hello.contains('.') && hello.contains(|c: char| c.is_ascii_alphabetic());
        let hello = if is_name { hello } else { "[127.0.0.1]" };
        Ok(Self {
            settings,
            host,
            tls,
            hello: hello.to_owned(),
        })
    }

    /// Sends one mail over a new connection.
    pub fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let bytes = message
            .bytes(Encoding::QuotedPrintable)
            .and_then(|bytes| dot_stuffed(&bytes));
        let bytes = bytes.ok_or(DeliveryError::Permanent("message: cannot be formatted".into()))?;
        let (mut server, hello) = self.connect()?;
        self.log_in(&mut server, &hello)?;
        let from = server.command(&format!("MAIL FROM:<{}>", message.from.email));
        check_transport("sender", from, 250)?;
        let to = server.command(&format!("RCPT TO:<{}>", message.to));
        check_mail("recipient", to, 250..=251)?;
        check_mail("data", server.command("DATA"), 354..=354)?;
        let accepted = server.send(&bytes).and_then(|()| server.reply_to_mail());
        // Slow processing of this mail does not mean that the transport is unavailable.
        let accepted = match accepted {
            Err(SmtpError::TimedOut) => return Err(DeliveryError::Temporary("message: timed out".into())),
            accepted => accepted,
        };
        check_mail("message", accepted, 250..=250)?;
        // The mail is accepted: later errors are irrelevant.
        if server.send(b"QUIT\r\n").is_ok() {
            let _ = server.reply_within(QUIT_TIMEOUT);
        }
        Ok(())
    }

    /// Opens a connection according to the settings; returns it with the server's EHLO reply.
    fn connect(&self) -> Result<(Session, Reply), DeliveryError> {
        let failed_to_connect = |error: SmtpError| failed("connect", error);
        let mut server = Session::connect(&self.host, self.settings.port).map_err(failed_to_connect)?;
        if let (SmtpTls::Implicit, Some(tls)) = (self.settings.tls, &self.tls) {
            server = server.secure(&tls.config, &tls.name).map_err(failed_to_connect)?;
        }
        check_transport("connect", server.reply(), 220)?;
        let mut hello = self.hello("connect", &mut server)?;
        if let (SmtpTls::StartTls, Some(tls)) = (self.settings.tls, &self.tls) {
            if !hello.offers("STARTTLS", None) {
                return Err(DeliveryError::Transport("starttls: not offered".into()));
            }
            check_transport("starttls", server.command("STARTTLS"), 220)?;
            server = server
                .secure(&tls.config, &tls.name)
                .map_err(|error| failed("starttls", error))?;
            // Capabilities announced before TLS must be discarded (RFC 3207 §4.2).
            hello = self.hello("starttls", &mut server)?;
        }
        if server.is_secure() || self.settings.tls == SmtpTls::None {
            Ok((server, hello))
        } else {
            Err(DeliveryError::Transport("connect: not encrypted".into()))
        }
    }

    fn hello(&self, step: &str, server: &mut Session) -> Result<Reply, DeliveryError> {
        check_transport(step, server.command(&format!("EHLO {}", self.hello)), 250)
    }

    /// Authenticates (RFC 4954). The password file is read for each mail, so that a rotated one is used.
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
        let reply = if hello.offers("AUTH", Some("PLAIN")) {
            let response = STANDARD.encode(format!("\0{user}\0{password}"));
            server.command(&format!("AUTH PLAIN {response}"))
        } else if hello.offers("AUTH", Some("LOGIN")) {
            check_transport("login", server.command("AUTH LOGIN"), 334)?;
            check_transport("login", server.command(&STANDARD.encode(user)), 334)?;
            server.command(&STANDARD.encode(password))
        } else {
            return Err(DeliveryError::Transport("login: not offered".into()));
        };
        check_transport("login", reply, 235).map(drop)
    }
}

/// Checks the reply of a step that does not depend on the mail: any failure is the transport's.
fn check_transport(
    step: &str,
    reply: Result<Reply, SmtpError>,
    expected: u16,
) -> Result<Reply, DeliveryError> {
    match reply {
        Ok(reply) if reply.code == expected => Ok(reply),
        Ok(reply) => Err(DeliveryError::Transport(refusal(step, &reply).into())),
        Err(error) => Err(failed(step, error)),
    }
}

/// Checks the reply of a step that depends on the mail: a 5yz reply is permanent (RFC 5321 §4.2.1).
fn check_mail(
    step: &str,
    reply: Result<Reply, SmtpError>,
    expected: std::ops::RangeInclusive<u16>,
) -> Result<(), DeliveryError> {
    let reply = reply.map_err(|error| failed(step, error))?;
    match reply.code {
        code if expected.contains(&code) => Ok(()),
        // The server is shutting down, independently of the mail.
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

/// Dot-stuffs a mail and adds the terminator (RFC 5321 §4.5.2). `None`: a bare CR or LF, which servers interpret
/// differently, so that a second mail could be smuggled in.
fn dot_stuffed(message: &[u8]) -> Option<Vec<u8>> {
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
    fn leading_dots_are_doubled_and_bare_line_ends_are_rejected() {
        let text =
            |message: &str| dot_stuffed(message.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
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

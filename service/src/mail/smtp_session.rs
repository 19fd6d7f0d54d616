//! An SMTP connection (RFC 5321): commands and replies, with or without TLS.
//!
//! Own code, for two reasons: lettre keeps plaintext that follows the reply to STARTTLS and reads it inside TLS, which
//! RFC 3207 §4.2 forbids; and its timeout applies to each read, where this one applies to a whole reply.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{Error, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Timeout of one step.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// Timeout of the reply to a whole mail. The server may still be processing it, and giving up causes a duplicate (RFC
/// 5321 §4.5.3.2.6 recommends ten minutes; this one has to fit into the timeout of a delivery).
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum size of a reply in bytes. RFC 5321 §4.5.3.1.5 allows 512 per line; some greetings have many lines.
const MAX_REPLY: usize = 16 * 1024;

/// Errors of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SmtpError {
    #[error("host name unknown")]
    UnknownHost,
    #[error("connection refused")]
    ConnectionRefused,
    #[error("connection lost")]
    ConnectionLost,
    #[error("timed out")]
    TimedOut,
    #[error("certificate rejected")]
    CertificateRejected,
    #[error("TLS is not available")]
    TlsUnavailable,
    #[error("invalid reply")]
    InvalidReply,
    #[error("unexpected reply")]
    UnexpectedReply,
}

/// A server's reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// The reply code.
    pub(super) code: u16,
    /// The texts of its lines.
    pub(super) lines: Vec<String>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// The connection.
pub(super) struct Session {
    stream: Stream,
    /// Bytes received after the last reply.
    unread: Vec<u8>,
}

impl Session {
    /// Connects without TLS.
    pub(super) fn connect(host: &str, port: u16) -> Result<Self, SmtpError> {
        let addresses = (host, port)
            .to_socket_addrs()
            .map_err(|_| SmtpError::UnknownHost)?;
        let mut last_error = SmtpError::UnknownHost;
        for address in addresses {
            match TcpStream::connect_timeout(&address, STEP_TIMEOUT) {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(Self {
                        stream: Stream::Plain(stream),
                        unread: Vec::new(),
                    });
                }
                Err(error) => last_error = SmtpError::of(&error),
            }
        }
        Err(last_error)
    }

    /// Whether the connection uses TLS.
    pub(super) fn is_secure(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Starts TLS. Bytes received before the handshake are an error, and never carried over.
    pub(super) fn secure(
        self,
        config: &Arc<ClientConfig>,
        name: &ServerName<'static>,
    ) -> Result<Self, SmtpError> {
        let (Stream::Plain(mut socket), true) = (self.stream, self.unread.is_empty()) else {
            return Err(SmtpError::UnexpectedReply);
        };
        let mut tls =
            ClientConnection::new(Arc::clone(config), name.clone()).map_err(|_| SmtpError::TlsUnavailable)?;
        let end = Instant::now() + STEP_TIMEOUT;
        while tls.is_handshaking() {
            set_deadline(&socket, end)?;
            if tls.wants_write() {
                tls.write_tls(&mut socket)
                    .map_err(|error| SmtpError::of(&error))?;
            } else if tls.read_tls(&mut socket).map_err(|error| SmtpError::of(&error))? == 0 {
                return Err(SmtpError::ConnectionLost);
            } else if let Err(error) = tls.process_new_packets() {
                // Sends the TLS alert.
                let _ = tls.write_tls(&mut socket);
                return Err(match error {
                    rustls::Error::InvalidCertificate(_) => SmtpError::CertificateRejected,
                    _ => SmtpError::TlsUnavailable,
                });
            }
        }
        Ok(Self {
            stream: Stream::Tls(Box::new(StreamOwned::new(tls, socket))),
            unread: Vec::new(),
        })
    }

    /// Sends a command and reads the reply.
    pub(super) fn command(&mut self, line: &str) -> Result<Reply, SmtpError> {
        self.send(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends bytes as they are.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), SmtpError> {
        set_deadline(self.socket(), Instant::now() + STEP_TIMEOUT)?;
        let sent = match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        };
        sent.map_err(|error| SmtpError::of(&error))
    }

    /// Reads a reply.
    pub(super) fn reply(&mut self) -> Result<Reply, SmtpError> {
        self.reply_within(STEP_TIMEOUT)
    }

    /// Reads the reply to a whole mail.
    pub(super) fn reply_to_mail(&mut self) -> Result<Reply, SmtpError> {
        self.reply_within(ACCEPT_TIMEOUT)
    }

    /// Reads a reply within this time.
    pub(super) fn reply_within(&mut self, time: Duration) -> Result<Reply, SmtpError> {
        let end = Instant::now() + time;
        let mut reply: Option<Reply> = None;
        let mut length = 0;
        loop {
            let line = self.line(end)?;
            length += line.len();
            let (code, is_last, text) = parse(&line).ok_or(SmtpError::InvalidReply)?;
            let reply = reply.get_or_insert(Reply {
                code,
                lines: Vec::new(),
            });
            reply.lines.push(text.to_owned());
            match (reply.code == code && length <= MAX_REPLY, is_last) {
                (false, _) => return Err(SmtpError::InvalidReply),
                (true, false) => {}
                (true, true) => return Ok(reply.clone()),
            }
        }
    }

    fn line(&mut self, end: Instant) -> Result<String, SmtpError> {
        loop {
            if let Some(at) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=at).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.unread.len() > MAX_REPLY {
                return Err(SmtpError::InvalidReply);
            }
            set_deadline(self.socket(), end)?;
            let mut bytes = [0; 1024];
            let count = match &mut self.stream {
                Stream::Plain(stream) => stream.read(&mut bytes),
                Stream::Tls(stream) => stream.read(&mut bytes),
            };
            match count.map_err(|error| SmtpError::of(&error))? {
                0 => return Err(SmtpError::ConnectionLost),
                count => self.unread.extend_from_slice(&bytes[..count]),
            }
        }
    }

    fn socket(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref(),
        }
    }
}

impl SmtpError {
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::ConnectionRefused => Self::ConnectionRefused,
            _ => Self::ConnectionLost,
        }
    }
}

/// Sets the socket's timeouts to the time left until the deadline.
fn set_deadline(socket: &TcpStream, end: Instant) -> Result<(), SmtpError> {
    let left = end.saturating_duration_since(Instant::now());
    // Zero would disable the timeout.
    if left.is_zero() {
        return Err(SmtpError::TimedOut);
    }
    let set = socket
        .set_read_timeout(Some(left))
        .and_then(|()| socket.set_write_timeout(Some(left)));
    set.map_err(|_| SmtpError::ConnectionLost)
}

/// Parses a reply line: code, whether it is the last line, text.
fn parse(line: &str) -> Option<(u16, bool, &str)> {
    let (code, rest) = line.split_at_checked(3)?;
    let code = code.parse().ok().filter(|code| (200..600).contains(code))?;
    match rest.chars().next() {
        None => Some((code, true, "")),
        Some(' ') => Some((code, true, &rest[1..])),
        Some('-') => Some((code, false, &rest[1..])),
        Some(_) => None,
    }
}

impl Reply {
    /// The enhanced status code (RFC 3463), if any: three numbers cannot contain an address.
    pub(super) fn enhanced(&self) -> Option<&str> {
        let word = self.lines.first()?.split_whitespace().next()?;
        let is_number =
            |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        (word.split('.').count() == 3 && word.split('.').all(is_number)).then_some(word)
    }

    /// Whether the EHLO reply announces this capability (RFC 5321 §4.1.1.1).
    pub(super) fn offers(&self, keyword: &str, parameter: Option<&str>) -> bool {
        self.lines.iter().skip(1).any(|line| {
            let mut words = line.split([' ', '=']);
            let named = words
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(keyword));
            named && parameter.is_none_or(|parameter| words.any(|word| word.eq_ignore_ascii_case(parameter)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_reply_lines_are_rejected() {
        assert_eq!(parse("250 fine"), Some((250, true, "fine")));
        assert_eq!(parse("250-more"), Some((250, false, "more")));
        assert_eq!(parse("354"), Some((354, true, "")));
        for bad in ["", "25", "hello", "250fine", "199 x", "600 x", "é50 x", "+50 x"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn capabilities_and_enhanced_codes_are_parsed() {
        let reply = |lines: &[&str]| Reply {
            code: 250,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        };
        let hello = reply(&["STARTTLS", "AUTH LOGIN plain", "auth=XOAUTH2", "SIZE 100"]);
        assert!(!hello.offers("STARTTLS", None), "the first line is a greeting");
        assert!(hello.offers("size", None) && hello.offers("AUTH", Some("PLAIN")));
        assert!(hello.offers("AUTH", Some("xoauth2")) && !hello.offers("AUTH", Some("CRAM-MD5")));
        assert_eq!(reply(&["5.1.1 <a@b> unknown"]).enhanced(), Some("5.1.1"));
        for other in ["unknown", "5.1", "a.b.c", "5.1.1111", "5.1.1.1", "192.0.2.1", ""] {
            assert_eq!(reply(&[other]).enhanced(), None, "{other}");
        }
    }
}

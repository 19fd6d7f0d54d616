//! A connection of the SMTP server: plaintext, or TLS from any point on. Lines are read byte by byte, so that plaintext
//! input is never buffered and taken for input that arrived over TLS.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// The connection.
pub enum SmtpStream {
    /// Plaintext.
    Plain(TcpStream),
    /// TLS.
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl SmtpStream {
    /// Upgrades the connection to TLS.
    pub fn secure(self, config: &Arc<ServerConfig>) -> Result<Self> {
        let Self::Plain(stream) = self else {
            return Err(ErrorKind::AlreadyExists.into());
        };
        let session = ServerConnection::new(Arc::clone(config)).map_err(Error::other)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(session, stream))))
    }

    /// Whether the connection uses TLS.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Reads the next line, without its line end.
    pub fn read_line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            let count = match self {
                Self::Plain(stream) => stream.read(&mut byte)?,
                Self::Tls(stream) => stream.read(&mut byte)?,
            };
            if count == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            line.push(byte[0]);
        }
        line.truncate(line.len() - 2);
        String::from_utf8(line).map_err(Error::other)
    }

    /// Sends text, which includes its line ends.
    pub fn write(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(text.as_bytes()),
            Self::Tls(stream) => stream.write_all(text.as_bytes()).and_then(|()| stream.flush()),
        }
    }
}

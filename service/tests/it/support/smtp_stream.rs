//! A connection to the tests' mail server: in clear, or in TLS from any point on. Lines are read byte by byte, so that
//! nothing that came in clear is taken for something that came in TLS.
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// The connection.
pub enum SmtpStream {
    /// In clear.
    Plain(TcpStream),
    /// In TLS.
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl SmtpStream {
    /// The same connection in TLS.
    pub fn secure(self, config: &Arc<ServerConfig>) -> Result<Self> {
        let Self::Plain(stream) = self else {
            return Err(ErrorKind::AlreadyExists.into());
        };
        let session = ServerConnection::new(Arc::clone(config)).map_err(Error::other)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(session, stream))))
    }

    /// Whether it is in TLS.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// The next line without its end.
    pub fn line(&mut self) -> Result<String> {
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

    /// Says something, line ends included.
    pub fn say(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(text.as_bytes()),
            Self::Tls(stream) => stream.write_all(text.as_bytes()).and_then(|()| stream.flush()),
        }
    }
}

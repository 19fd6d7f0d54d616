//! Is the server ready? The first bytes of PostgreSQL's protocol; never logs in.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// What a start-up packet was answered with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It asks for a password: it takes connections.
    Ready,
    /// Nobody listens yet, or it says `cannot_connect_now` (still starting, or recovering).
    NotYet,
}

/// Protocol 3.0 and two parameters, as any client begins.
const PARAMETERS: &[u8] = b"\x00\x03\x00\x00user\0postgres\0database\0postgres\0\0";

/// Asks the server on this port of the loopback. An answer takes no longer than a second.
pub(crate) fn ask(port: u16) -> Answer {
    match exchange(port) {
        Ok(b'R') => Answer::Ready,
        Ok(_) | Err(_) => Answer::NotYet,
    }
}

/// The type byte of the first message: `R` for authentication, `E` for an error. Only an error can come from a server
/// that is not ready, and every later error (no such database, too many clients) cannot come before `R` here.
fn exchange(port: u16) -> io::Result<u8> {
    let patience = Duration::from_secs(1);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    let length = u32::try_from(PARAMETERS.len() + 4).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], PARAMETERS].concat())?;
    let mut kind = [0_u8; 1];
    stream.read_exact(&mut kind)?;
    Ok(kind[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server that reads a packet and answers with one byte.
    fn answering(byte: u8) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut packet = vec![0_u8; PARAMETERS.len() + 4];
            stream.read_exact(&mut packet).unwrap();
            assert_eq!(packet[3] as usize, packet.len(), "the length counts itself");
            stream.write_all(&[byte]).unwrap();
        });
        port
    }

    #[test]
    fn tells_ready_from_starting() {
        assert_eq!(ask(answering(b'R')), Answer::Ready);
        assert_eq!(ask(answering(b'E')), Answer::NotYet);
    }

    #[test]
    fn nobody_there_is_not_yet() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(ask(port), Answer::NotYet);
    }
}

//! Checks whether the server is ready, with the first bytes of PostgreSQL's protocol; it does not log in.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The server's reply to a start-up packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It requests a password: it accepts connections.
    Ready,
    /// It does not listen yet, or reports `cannot_connect_now` (starting or recovering).
    NotYet,
}

const TIMEOUT: Duration = Duration::from_secs(1);

/// Protocol 3.0 and two parameters, as every client begins.
const PARAMETERS: &[u8] = b"\x00\x03\x00\x00user\0postgres\0database\0postgres\0\0";

/// Probes the server on this port of the loopback address, for at most a second per step.
pub(crate) fn probe(port: u16) -> Readiness {
    match exchange(port) {
        Ok(b'R') => Readiness::Ready,
        Ok(_) | Err(_) => Readiness::NotYet,
    }
}

/// The type byte of the first message: `R` for authentication, `E` for an error. A server that is not ready replies with
/// an error, and no other error (no such database, too many clients) can precede `R`.
fn exchange(port: u16) -> io::Result<u8> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
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

    /// A server that reads a packet and replies with one byte.
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
    fn a_starting_server_is_not_ready() {
        assert_eq!(probe(answering(b'R')), Readiness::Ready);
        assert_eq!(probe(answering(b'E')), Readiness::NotYet);
    }

    #[test]
    fn a_closed_port_is_not_ready() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(probe(port), Readiness::NotYet);
    }
}

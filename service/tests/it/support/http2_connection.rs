//! A hand-made HTTP/2 client (RFC 9113) that controls each frame: windows, PINGs, and how much it reads.

use super::raw_connection::RawConnection;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Frame types.
pub const DATA: u8 = 0;
/// The head of a request or response.
pub const HEADERS: u8 = 1;
/// A stream is aborted.
pub const RST_STREAM: u8 = 3;
/// Settings of the connection.
pub const SETTINGS: u8 = 4;
const PING: u8 = 6;
/// The connection is closing.
pub const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A received frame.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// Its payload.
    pub payload: Vec<u8>,
    /// Whether it ends its stream.
    pub ends_stream: bool,
}

/// A connection.
pub struct Http2Connection {
    raw: RawConnection,
    received: Vec<u8>,
    next_stream: u32,
    /// Whether the server has closed the connection.
    pub closed: bool,
}

impl Http2Connection {
    /// Connects; the server may send this many bytes on each stream.
    pub fn connect(address: SocketAddr, stream_window: u32) -> Self {
        let mut raw = RawConnection::connect(address);
        raw.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut connection = Self {
            raw,
            received: Vec::new(),
            next_stream: 1,
            closed: false,
        };
        // SETTINGS_INITIAL_WINDOW_SIZE.
        let setting = [&[0, 4][..], &stream_window.to_be_bytes()].concat();
        connection.send(SETTINGS, 0, 0, &setting);
        connection
    }

    /// Sends a GET request; returns its stream.
    pub fn get(&mut self, path: &str, authority: &str, token: Option<&str>) -> u32 {
        let stream = self.next_stream;
        self.next_stream += 2;
        let mut block = Vec::new();
        let authorization = token.map(|token| format!("Bearer {token}"));
        let fields = [
            (":method", Some("GET")),
            (":scheme", Some("http")),
            (":path", Some(path)),
            (":authority", Some(authority)),
            ("authorization", authorization.as_deref()),
        ];
        for (name, value) in fields {
            let Some(value) = value else { continue };
            push_field(&mut block, name, value);
        }
        self.send(HEADERS, END_STREAM | END_HEADERS, stream, &block);
        stream
    }

    /// Aborts a stream.
    pub fn reset(&mut self, stream: u32) {
        const CANCEL: u32 = 8;
        self.send(RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
    }

    /// Sends a PING.
    pub fn ping(&mut self) {
        self.send(PING, 0, 0, b"12345678");
    }

    /// Lets the server send more bytes on a stream.
    pub fn widen(&mut self, stream: u32, bytes: u32) {
        self.send(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes());
    }

    /// Reads for a while, acknowledging PING and SETTINGS; returns the other frames.
    pub fn read_for(&mut self, time: Duration) -> Vec<Frame> {
        let end = Instant::now() + time;
        let mut frames = Vec::new();
        let mut buffer = [0; 65_536];
        while !self.closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.raw.0.set_read_timeout(Some(left)).unwrap();
            match self.raw.0.read(&mut buffer) {
                Ok(0) => self.closed = true,
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => self.closed = true,
            }
            while let Some((flags, frame)) = self.next_frame() {
                match frame.kind {
                    PING | SETTINGS if flags & ACK != 0 => {}
                    PING => self.send(PING, ACK, 0, &frame.payload),
                    SETTINGS => self.send(SETTINGS, ACK, 0, &[]),
                    _ => frames.push(frame),
                }
            }
        }
        frames
    }

    fn next_frame(&mut self) -> Option<(u8, Frame)> {
        let head = self.received.get(..9)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (kind, flags) = (head[3], head[4]);
        let payload = self.received.get(9..9 + length)?.to_vec();
        self.received.drain(..9 + length);
        let ends_stream = matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0;
        let frame = Frame {
            kind,
            payload,
            ends_stream,
        };
        Some((flags, frame))
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.closed |= !self.raw.send(frame(kind, flags, stream, payload));
    }
}

/// A frame as bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Adds a literal field without indexing (RFC 7541 §6.2.2).
pub fn push_field(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    push_string(block, name);
    push_string(block, value);
}

/// A string without Huffman coding (RFC 7541 §5.2).
fn push_string(block: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).unwrap());
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push(u8::try_from(length % 128).unwrap() | 128);
            length /= 128;
        }
        block.push(u8::try_from(length).unwrap());
    }
    block.extend_from_slice(text.as_bytes());
}

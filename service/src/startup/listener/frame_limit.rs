//! Limits HTTP/2 frames that cost the client nothing and carry no request. The HTTP library answers PINGs and SETTINGS, and
//! reads PRIORITY and unknown frames, without a limit; it limits only resets, CONTINUATION and empty DATA itself.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Maximum number of such frames in one [`WINDOW`]. Clients send a handful when they connect, and a PING now and then.
const MAX_FRAMES: u32 = 100;

const WINDOW: Duration = Duration::from_secs(1);

/// What an HTTP/2 connection starts with (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes before a frame's payload: length, type, flags, stream.
const HEADER_BYTES: usize = 9;

/// Frames that belong to requests and responses: DATA, HEADERS, RST_STREAM, GOAWAY, WINDOW_UPDATE and CONTINUATION. A fast
/// download takes thousands of WINDOW_UPDATEs a second.
const REQUEST_FRAMES: [u8; 6] = [0, 1, 3, 7, 8, 9];

/// A stream that fails when it receives too many frames.
pub struct FrameLimit<S> {
    stream: S,
    state: State,
    window: Instant,
    frames: u32,
}

/// Where the received bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes of the preface were received.
    Preface(usize),
    /// So many bytes of a frame's header were received: these.
    Header(usize, [u8; HEADER_BYTES]),
    /// So many bytes of a frame's payload are missing.
    Payload(usize),
    /// The connection is no HTTP/2.
    Other,
}

impl<S> FrameLimit<S> {
    /// Limits the frames of a new connection.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            state: State::Preface(0),
            window: Instant::now(),
            frames: 0,
        }
    }

    /// Counts the frames that begin in these bytes; `false`: there are too many.
    fn is_within_limit(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            self.state = match self.state {
                State::Other => return true,
                State::Preface(received) => {
                    let count = bytes.len().min(PREFACE.len() - received);
                    if bytes[..count] != PREFACE[received..received + count] {
                        State::Other
                    } else {
                        bytes = &bytes[count..];
                        if received + count < PREFACE.len() {
                            State::Preface(received + count)
                        } else {
                            State::Header(0, [0; HEADER_BYTES])
                        }
                    }
                }
                State::Header(received, mut header) => {
                    let count = bytes.len().min(HEADER_BYTES - received);
                    header[received..received + count].copy_from_slice(&bytes[..count]);
                    bytes = &bytes[count..];
                    if received + count < HEADER_BYTES {
                        State::Header(received + count, header)
                    } else {
                        if !REQUEST_FRAMES.contains(&header[3]) && !self.admits_frame() {
                            return false;
                        }
                        payload(u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize)
                    }
                }
                State::Payload(missing) => {
                    let count = bytes.len().min(missing);
                    bytes = &bytes[count..];
                    payload(missing - count)
                }
            };
        }
        true
    }

    fn admits_frame(&mut self) -> bool {
        if self.window.elapsed() >= WINDOW {
            (self.window, self.frames) = (Instant::now(), 0);
        }
        self.frames += 1;
        self.frames <= MAX_FRAMES
    }
}

fn payload(missing: usize) -> State {
    if missing == 0 {
        State::Header(0, [0; HEADER_BYTES])
    } else {
        State::Payload(missing)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FrameLimit<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if self.is_within_limit(&buffer.filled()[before..]) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Ready(Err(Error::new(
                ErrorKind::InvalidData,
                "too many HTTP/2 control frames",
            )))
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FrameLimit<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: u8 = 6;
    const DATA: u8 = 0;

    fn frame(kind: u8, length: u8) -> Vec<u8> {
        let header = [0, 0, length, kind, 0, 0, 0, 0, 1];
        [&header[..], &vec![0; usize::from(length)]].concat()
    }

    /// Receives these bytes in pieces of this size.
    fn accepts(bytes: &[u8], piece: usize) -> bool {
        let mut limit = FrameLimit::new(());
        bytes.chunks(piece).all(|piece| limit.is_within_limit(piece))
    }

    #[test]
    fn control_frames_are_limited_and_others_are_not() {
        for kind in [PING, 2, 4, 16, 255] {
            for piece in [1, 7, 10_000] {
                let allowed = [PREFACE.to_vec(), frame(kind, 8).repeat(100)].concat();
                assert!(accepts(&allowed, piece));
                assert!(!accepts(&[allowed, frame(kind, 0)].concat(), piece));
            }
        }
        let data = [PREFACE.to_vec(), frame(DATA, 200).repeat(1000)].concat();
        assert!(accepts(&data, 33));
        // Payload that looks like frames, and a protocol that is not HTTP/2.
        let inside = [
            PREFACE.to_vec(),
            vec![0, 255, 255, DATA, 0, 0, 0, 0, 1],
            frame(PING, 0).repeat(1000),
        ]
        .concat();
        assert!(accepts(&inside, 100));
        assert!(accepts(
            &[b"GET / HTTP/1.1\r\n".to_vec(), frame(PING, 8).repeat(1000)].concat(),
            64
        ));
    }
}

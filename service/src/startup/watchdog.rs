//! Closes a connection on which nothing moves: a client that says nothing, or takes nothing of what it asked for.
use super::places::Visitor;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// A stream that fails when no byte moved for a while, unless a request is being worked on.
pub struct Watchdog {
    stream: TcpStream,
    visitor: Arc<Visitor>,
    patience: Duration,
    moved: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Watchdog {
    /// Watches a stream.
    pub fn new(stream: TcpStream, visitor: Arc<Visitor>, patience: Duration) -> Self {
        Self {
            stream,
            visitor,
            patience,
            moved: Instant::now(),
            timer: Box::pin(tokio::time::sleep(patience)),
        }
    }

    /// Notes progress, or looks whether patience has run out. The timer is only touched when it fires: setting it anew
    /// at each byte would cost more than the byte.
    fn watch<T>(&mut self, cx: &mut Context<'_>, poll: Poll<Result<T>>) -> Poll<Result<T>> {
        if poll.is_ready() {
            self.moved = Instant::now();
            return poll;
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            if self.visitor.is_served() {
                self.moved = Instant::now();
            }
            let end = self.moved + self.patience;
            if end <= Instant::now() {
                return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "nothing moved")));
            }
            self.timer.as_mut().reset(end.into());
        }
        Poll::Pending
    }
}

impl AsyncRead for Watchdog {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.watch(cx, poll)
    }
}

impl AsyncWrite for Watchdog {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, poll)
    }
}

//! Bodies of responses, handed to the HTTP library in slices, so that the progress of each client is known.

use super::request_activity::ActiveRequest;
use crate::http::edge::response_budget::ResponseShare;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// Bytes that are handed over at once. The HTTP library takes the next slice when it has capacity for it.
const SLICE_BYTES: usize = 16 * 1024;

/// Bytes per second that a client must read on average.
const MIN_RATE: u64 = 4 * 1024;

/// How far a response has got. Its request is active, and its share of the budget taken, until this is dropped.
pub struct ResponseProgress {
    started: Instant,
    size: u64,
    /// When the last slice was taken, in milliseconds after `started`.
    last_slice: AtomicU64,
    taken: AtomicBool,
    _request: ActiveRequest,
    _share: Option<Arc<ResponseShare>>,
}

impl ResponseProgress {
    /// A response of this size that starts now.
    pub fn new(size: u64, request: ActiveRequest, share: Option<Arc<ResponseShare>>) -> Self {
        Self {
            started: Instant::now(),
            size,
            last_slice: AtomicU64::new(0),
            taken: AtomicBool::new(false),
            _request: request,
            _share: share,
        }
    }

    /// Whether the HTTP library has taken the whole body.
    pub fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether the client reads more slowly than [`MIN_RATE`] after this timeout.
    pub fn is_overdue(&self, timeout: Duration) -> bool {
        self.started.elapsed() >= timeout + Duration::from_secs(self.size / MIN_RATE)
    }

    /// Whether the response is overdue, or no slice was taken within this timeout.
    pub fn is_stalled(&self, timeout: Duration) -> bool {
        let last = Duration::from_millis(self.last_slice.load(Ordering::Relaxed));
        self.started.elapsed() >= last + timeout || self.is_overdue(timeout)
    }

    fn record_slice(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_slice.store(now, Ordering::Relaxed);
    }
}

/// A body in slices.
pub struct ResponseBody<B> {
    body: B,
    pending: Bytes,
    progress: Arc<ResponseProgress>,
}

impl<B> ResponseBody<B> {
    /// Records the progress of this body.
    pub fn new(body: B, progress: Arc<ResponseProgress>) -> Self {
        Self {
            body,
            pending: Bytes::new(),
            progress,
        }
    }
}

impl<B> Drop for ResponseBody<B> {
    fn drop(&mut self) {
        self.progress.taken.store(true, Ordering::Relaxed);
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.pending.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.pending = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                ended => return Poll::Ready(ended),
            }
        }
        self.progress.record_slice();
        let count = self.pending.len().min(SLICE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.pending.split_to(count)))))
    }

    fn is_end_stream(&self) -> bool {
        self.pending.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, pending) = (self.body.size_hint(), self.pending.len() as u64);
        match hint.exact() {
            Some(rest) => hint.set_exact(rest + pending),
            None => hint.set_lower(hint.lower() + pending),
        }
        hint
    }
}

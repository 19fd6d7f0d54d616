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

/// How far a response has got. Its request is active, and its share of the budget taken, until this is dropped. Times are
/// milliseconds after `started`.
pub struct ResponseProgress {
    started: Instant,
    /// The size of the body, as far as it is known before it is produced.
    size: u64,
    /// Bytes that the HTTP library has taken.
    taken_bytes: AtomicU64,
    /// When the last slice was taken.
    last_slice: AtomicU64,
    /// Since when the HTTP library waits for the next part of a streamed body, plus 1. Zero: it does not.
    production_started: AtomicU64,
    /// How long the HTTP library has waited for parts: this is not the client's time.
    production: AtomicU64,
    taken: AtomicBool,
    _request: ActiveRequest,
    _share: Option<Arc<ResponseShare>>,
}

impl ResponseProgress {
    /// A response of this size that starts now; a streamed one has a size of 0.
    pub fn new(size: u64, request: ActiveRequest, share: Option<Arc<ResponseShare>>) -> Self {
        Self {
            started: Instant::now(),
            size,
            taken_bytes: AtomicU64::new(0),
            last_slice: AtomicU64::new(0),
            production_started: AtomicU64::new(0),
            production: AtomicU64::new(0),
            taken: AtomicBool::new(false),
            _request: request,
            _share: share,
        }
    }

    /// Whether the HTTP library has taken the whole body.
    pub fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether the client reads more slowly than [`MIN_RATE`] after this timeout. The time of a streamed response grows with what the
    /// client has taken.
    pub fn is_overdue(&self, timeout: Duration) -> bool {
        let bytes = self.size.max(self.taken_bytes.load(Ordering::Relaxed));
        self.time_of_client() >= timeout + Duration::from_secs(bytes / MIN_RATE)
    }

    /// Whether the response is overdue, or no slice was taken within this timeout although there was one.
    pub fn is_stalled(&self, timeout: Duration) -> bool {
        let last = Duration::from_millis(self.last_slice.load(Ordering::Relaxed));
        let is_produced = self.production_started.load(Ordering::Relaxed) == 0;
        (is_produced && self.started.elapsed() >= last + timeout) || self.is_overdue(timeout)
    }

    fn time_of_client(&self) -> Duration {
        let (now, started) = (self.now(), self.production_started.load(Ordering::Relaxed));
        let current = if started > 0 {
            (now + 1).saturating_sub(started)
        } else {
            0
        };
        let production = self.production.load(Ordering::Relaxed) + current;
        Duration::from_millis(now.saturating_sub(production))
    }

    fn record_slice(&self, bytes: usize) {
        self.taken_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.last_slice.store(self.now(), Ordering::Relaxed);
    }

    /// Records whether the next part has to be produced first.
    fn record_production(&self, is_pending: bool) {
        let started = self.production_started.load(Ordering::Relaxed);
        if is_pending && started == 0 {
            self.production_started.store(self.now() + 1, Ordering::Relaxed);
        } else if !is_pending && started > 0 {
            let took = (self.now() + 1).saturating_sub(started);
            self.production.fetch_add(took, Ordering::Relaxed);
            self.production_started.store(0, Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
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
            let frame = Pin::new(&mut self.body).poll_frame(cx);
            self.progress.record_production(frame.is_pending());
            match ready!(frame) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.pending = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                ended => return Poll::Ready(ended),
            }
        }
        let count = self.pending.len().min(SLICE_BYTES);
        self.progress.record_slice(count);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::startup::listener::request_activity::RequestActivity;
    use std::thread::sleep;

    const TIMEOUT: Duration = Duration::from_millis(200);

    fn progress(size: u64) -> ResponseProgress {
        let activity = Arc::new(RequestActivity::new(Instant::now()));
        ResponseProgress::new(size, activity.begin(), None)
    }

    #[test]
    fn the_time_of_a_streamed_response_grows_with_what_is_taken() {
        let (slow, fast) = (progress(0), progress(0));
        let known = progress(MIN_RATE * 60);
        slow.record_slice(10);
        fast.record_slice(usize::try_from(MIN_RATE).unwrap() * 60);
        sleep(TIMEOUT + Duration::from_millis(20));
        assert!(slow.is_overdue(TIMEOUT) && !fast.is_overdue(TIMEOUT) && !known.is_overdue(TIMEOUT));
        assert!(fast.is_stalled(TIMEOUT), "although it has much time left");
    }

    #[test]
    fn the_production_of_a_part_is_not_the_time_of_the_client() {
        let progress = progress(0);
        progress.record_production(true);
        sleep(2 * TIMEOUT);
        assert!(!progress.is_overdue(TIMEOUT) && !progress.is_stalled(TIMEOUT));
        progress.record_production(true);
        progress.record_production(false);
        progress.record_slice(1);
        assert!(!progress.is_overdue(TIMEOUT) && !progress.is_stalled(TIMEOUT));
        sleep(TIMEOUT + Duration::from_millis(20));
        assert!(progress.is_overdue(TIMEOUT) && progress.is_stalled(TIMEOUT));
    }
}

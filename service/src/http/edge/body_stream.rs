//! Reads a request body part by part: within a size, and at a minimum rate. Memory is bounded by the windows of the connection,
//! because a part is received only when it is read.

use super::body::{self, BodyPolicy};
use crate::http::contract::problem::Problem;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use poem::{Body, FromRequest, Request, RequestBody};
use std::time::{Duration, Instant};

/// Bytes per second that a client must send on average.
const MIN_RATE: u64 = 4 * 1024;

/// A body that is being received.
pub struct BodyStream {
    parts: BoxStream<'static, std::io::Result<Bytes>>,
    policy: BodyPolicy,
    received: u64,
    /// How long the client was waited for.
    waited: Duration,
}

impl BodyStream {
    /// A body of which nothing has been read.
    pub fn new(policy: BodyPolicy, body: Body) -> Self {
        Self {
            parts: body.into_bytes_stream().boxed(),
            policy,
            received: 0,
            waited: Duration::ZERO,
        }
    }

    /// The next part; `None` at the end of the body.
    ///
    /// # Errors
    ///
    /// The body exceeds its limit (413), ends prematurely (400), pauses for longer than the client timeout, or is slower than
    /// [`MIN_RATE`] after that timeout (408). The time in which the caller does not read does not count.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let allowed = self.policy.time + Duration::from_secs(self.received / MIN_RATE);
        let left = allowed.saturating_sub(self.waited).min(self.policy.time);
        let started = Instant::now();
        let part = tokio::time::timeout(left, self.parts.next()).await;
        self.waited += started.elapsed();
        let Some(part) = part.map_err(|_| body::too_slow())? else {
            return Ok(None);
        };
        let part = part.map_err(|_| body::cut_off())?;
        self.received += part.len() as u64;
        if self.received > self.policy.limit as u64 {
            return Err(self.policy.too_large());
        }
        Ok(Some(part))
    }
}

impl<'a> FromRequest<'a> for BodyStream {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::new(BodyPolicy::of(request), body.take()?))
    }
}
